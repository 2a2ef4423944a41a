import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ExpandTo } from './expand.ts';
import type { UnpackOptions } from './unpack.ts';

/** What to do with a package, of a size that fits in memory with its data. */
export type UnpackRequest = { readonly file: string } & (UnpackOptions | ExpandTo);

export interface UnpackAnswer {
  readonly done: boolean;
  /** What the system had against it. */
  readonly system?: { readonly code: string | undefined; readonly message: string };
}

interface Job {
  readonly request: UnpackRequest;
  readonly settle: (answer: UnpackAnswer) => void;
}

/** Whoever stays idle gives back what the last package took. */
const idleMs = 1000;

/** Each has a package and all of its data in memory. */
const threadsMost = 4;

/**
 * Threads that unpack or expand packages beside each other: most of the work is to decompress, to hash and to make files, which takes a core
 * each. They are started when there is work, do not keep the process, and end when there was none for a second.
 */
export class UnpackingThreads {
  readonly #threadsMax: number;
  readonly #waiting: Job[] = [];
  readonly #idle: Worker[] = [];
  readonly #alive = new Set<Worker>();
  #ending: NodeJS.Timeout | undefined;

  constructor(threadsMax: number = Math.min(availableParallelism(), threadsMost)) {
    this.#threadsMax = threadsMax;
  }

  /**
   * False when the package is not what it says or does not fit, or no thread can be had; to read it as a stream tells why. Files
   * may be left then. Throws what the system does.
   */
  async unpack(request: UnpackRequest): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<UnpackAnswer>();
    this.#waiting.push({ request, settle: resolve });
    this.#next();
    const { done, system } = await promise;
    if (system !== undefined) throw Object.assign(new Error(system.message), { code: system.code });
    return done;
  }

  #next(): void {
    clearTimeout(this.#ending);
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === undefined) {
        // Nobody will come to it.
        if (this.#alive.size === 0)
          for (const { settle } of this.#waiting.splice(0)) settle({ done: false });
        return;
      }
      const job = this.#waiting.shift();
      if (job !== undefined) this.#run(worker, job);
    }
    if (this.#idle.length > 0 && this.#idle.length === this.#alive.size)
      this.#ending = setTimeout(() => this.#end(), idleMs).unref();
  }

  #start(): Worker | undefined {
    if (this.#alive.size === this.#threadsMax) return undefined;
    const worker = startThread();
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

  #run(worker: Worker, { request, settle }: Job): void {
    worker.ref();
    const answered = (answer: UnpackAnswer): void => {
      worker.off('message', answered).off('exit', ended);
      worker.unref();
      this.#idle.push(worker);
      settle(answer);
      this.#next();
    };
    const ended = (): void => {
      worker.off('message', answered);
      settle({ done: false });
    };
    worker.on('message', answered).once('exit', ended);
    worker.postMessage(request);
  }

  #end(): void {
    for (const worker of this.#idle.splice(0)) {
      this.#alive.delete(worker);
      void worker.terminate();
    }
  }
}

function startThread(): Worker | undefined {
  try {
    return new Worker(new URL('./unpack-thread.ts', import.meta.url));
  } catch {
    return undefined;
  }
}
