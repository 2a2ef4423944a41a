import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ThreadPool } from '@kiln/base';
import type { ExpandTo } from './expand.ts';
import { answerTo } from './unpack-work.ts';
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
  readonly system?: {
    readonly code: string | undefined;
    readonly syscall: string;
    readonly errno: number | undefined;
    readonly path: string | undefined;
    readonly message: string;
  };
}

const threadsMost = 4;

/** Large buffers are elsewhere; what is beside them is small. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/** Whoever stays idle gives back what the last package took. */
const idleMs = 100;

/** What packages take together, with their data, that are expanded here in the time that threads take to start. */
const hereBytesMax = 24 * 2 ** 20;

/** What all of them have in memory at once, if it is more than one package. */
const memoryBytesMax = 20 * 2 ** 20;

/**
 * Threads that unpack or expand packages beside each other: most of the work is to decompress, to hash and to make files, which takes a core
 * each. They are started when there is work, do not keep the process, and end when there was none for a moment.
 */
export class UnpackingThreads {
  readonly #pool: ThreadPool<UnpackRequest, UnpackAnswer>;
  #hereBytesLeft: number;

  constructor(
    threadsMax: number = Math.min(availableParallelism(), threadsMost),
    hereBytes: number = hereBytesMax,
  ) {
    this.#hereBytesLeft = hereBytes;
    const program = new URL('./unpack-thread.ts', import.meta.url);
    const start = (): Worker => new Worker(program, { resourceLimits });
    const room = { max: memoryBytesMax, of: memoryOf };
    this.#pool = new ThreadPool({ start, threadsMax, idleMs, room });
  }

  /**
   * False when the package is not what it says or does not fit, or no thread can be had; to read it as a stream tells why. Files
   * may be left then. Throws what the system does.
   */
  async unpack(request: UnpackRequest): Promise<boolean> {
    const answer = this.#isForHere(request) ? answerTo(request) : this.#pool.run(request);
    const { done, system } = (await answer) ?? { done: false };
    if (system !== undefined) throw Object.assign(new Error(system.message), system);
    return done;
  }

  /** Packages that are unpacked into many files are left to threads. */
  #isForHere(request: UnpackRequest): boolean {
    const bytes = 'archive' in request ? (request.memoryBytes ?? Infinity) : Infinity;
    if (bytes > this.#hereBytesLeft) return false;
    this.#hereBytesLeft -= bytes;
    return true;
  }
}

function memoryOf({ memoryBytes = 0 }: UnpackRequest): number {
  return memoryBytes;
}
