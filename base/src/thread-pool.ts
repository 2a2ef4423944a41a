/** What a pool needs of a thread: a worker of Node's is one. */
export interface PoolThread<Job> {
  postMessage(job: Job): void;
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): unknown;
  off(event: 'message' | 'exit', listener: (value: unknown) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

/** What jobs may take together, in whatever they take it of: memory, say. */
export interface ThreadRoom<Job> {
  readonly max: number;
  of(job: Job): number;
}

export interface ThreadPoolOptions<Job> {
  /** Starts a thread, which answers each message with one message and gets the next one then. Throws where none can be had. */
  start(): PoolThread<Job>;
  readonly threadsMax: number;
  /** When there was no work for so long, threads end; without it they stay until the pool is disposed of. */
  readonly idleMs?: number;
  /** A job that does not fit beside those under way lets others go first; one that never fits runs by itself. */
  readonly room?: ThreadRoom<Job>;
}

interface Waiting<Job, Answer> {
  readonly job: Job;
  readonly settle: (answer: Answer | undefined) => void;
}

/** Threads of one program, each with one job at a time. They start when there is work, and do not keep the process. */
export class ThreadPool<Job, Answer> implements Disposable {
  readonly #startThread: () => PoolThread<Job>;
  readonly #threadsMax: number;
  readonly #idleMs: number | undefined;
  readonly #room: ThreadRoom<Job>;
  readonly #waiting: Waiting<Job, Answer>[] = [];
  readonly #idle: PoolThread<Job>[] = [];
  readonly #alive = new Set<PoolThread<Job>>();
  #used = 0;
  #ending: NodeJS.Timeout | undefined;

  constructor(options: ThreadPoolOptions<Job>) {
    this.#startThread = () => options.start();
    this.#threadsMax = options.threadsMax;
    this.#idleMs = options.idleMs;
    this.#room = options.room ?? { max: 0, of: () => 0 };
  }

  /** A thread's answer; undefined when the thread ended instead, or when none can be had. */
  run(job: Job): Promise<Answer | undefined> {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.#waiting.push({ job, settle: resolve });
    this.#next();
    return promise;
  }

  /** Ends the threads, whatever they are at. */
  [Symbol.dispose](): void {
    for (const worker of this.#alive) void worker.terminate();
  }

  #next(): void {
    clearTimeout(this.#ending);
    for (let at = this.#nextAt(); at >= 0; at = this.#nextAt()) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === undefined) {
        // Nobody will come to it.
        if (this.#alive.size === 0)
          for (const { settle } of this.#waiting.splice(0)) settle(undefined);
        return;
      }
      const [first] = this.#waiting.splice(at, 1);
      if (first !== undefined) this.#give(worker, first);
    }
    const all = this.#idle.length > 0 && this.#idle.length === this.#alive.size;
    if (all && this.#idleMs !== undefined)
      this.#ending = setTimeout(() => this.#endIdle(), this.#idleMs).unref();
  }

  /** The first that fits beside those under way. */
  #nextAt(): number {
    const { max, of } = this.#room;
    const used = this.#used;
    return this.#waiting.findIndex(({ job }) => used === 0 || used + of(job) <= max);
  }

  #start(): PoolThread<Job> | undefined {
    if (this.#alive.size === this.#threadsMax) return undefined;
    const worker = this.#started();
    if (worker === undefined) return undefined;
    this.#alive.add(worker);
    worker.unref();
    // Such as for want of memory; it ends then.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#alive.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#next();
    });
    return worker;
  }

  #started(): PoolThread<Job> | undefined {
    try {
      return this.#startThread();
    } catch {
      return undefined;
    }
  }

  #give(worker: PoolThread<Job>, { job, settle }: Waiting<Job, Answer>): void {
    worker.ref();
    const room = this.#room.of(job);
    this.#used += room;
    const answered = (answer: unknown): void => {
      this.#used -= room;
      worker.off('message', answered);
      worker.off('exit', ended);
      worker.unref();
      this.#idle.push(worker);
      settle(answer as Answer);
      this.#next();
    };
    const ended = (): void => {
      this.#used -= room;
      worker.off('message', answered);
      settle(undefined);
    };
    worker.on('message', answered);
    worker.on('exit', ended);
    worker.postMessage(job);
  }

  #endIdle(): void {
    for (const worker of this.#idle.splice(0)) {
      this.#alive.delete(worker);
      void worker.terminate();
    }
  }
}
