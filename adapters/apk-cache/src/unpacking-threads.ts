import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ExpandTo } from './expand.ts';
import type { UnpackOptions } from './unpack.ts';

/** What to do with a package. */
export type UnpackRequest = {
  readonly file: string;
  /** What it takes in memory with its data, 0 where that does not matter; undefined for one that is expanded as a stream. */
  readonly memoryBytes: number | undefined;
} & (UnpackOptions | ExpandTo);

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
const idleMs = 100;

const threadsMost = 4;

/** What all of them have in memory at once, if it is more than one package. */
const memoryBytesMax = 32 * 2 ** 20;

/**
 * Threads that unpack or expand packages beside each other: most of the work is to decompress, to hash and to make files, which takes a core
 * each. They are started when there is work, do not keep the process, and end when there was none for a moment.
 */
export class UnpackingThreads {
  readonly #threadsMax: number;
  readonly #waiting: Job[] = [];
  readonly #idle: Worker[] = [];
  readonly #alive = new Set<Worker>();
  #memoryBytes = 0;
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
    for (let at = this.#nextAt(); at >= 0; at = this.#nextAt()) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === undefined) {
        // Nobody will come to it.
        if (this.#alive.size === 0)
          for (const { settle } of this.#waiting.splice(0)) settle({ done: false });
        return;
      }
      const [job] = this.#waiting.splice(at, 1);
      if (job !== undefined) this.#run(worker, job);
    }
    if (this.#idle.length > 0 && this.#idle.length === this.#alive.size)
      this.#ending = setTimeout(() => this.#end(), idleMs).unref();
  }

  /** The first that fits beside those under way. */
  #nextAt(): number {
    const used = this.#memoryBytes;
    return this.#waiting.findIndex(
      ({ request: { memoryBytes = 0 } }) => used === 0 || used + memoryBytes <= memoryBytesMax,
    );
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
    const { memoryBytes = 0 } = request;
    this.#memoryBytes += memoryBytes;
    const answered = (answer: UnpackAnswer): void => {
      this.#memoryBytes -= memoryBytes;
      worker.off('message', answered).off('exit', ended);
      worker.unref();
      this.#idle.push(worker);
      settle(answer);
      this.#next();
    };
    const ended = (): void => {
      this.#memoryBytes -= memoryBytes;
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

/** Large buffers are elsewhere; what is beside them is small. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

function startThread(): Worker | undefined {
  try {
    return new Worker(new URL('./unpack-thread.ts', import.meta.url), { resourceLimits });
  } catch {
    return undefined;
  }
}
