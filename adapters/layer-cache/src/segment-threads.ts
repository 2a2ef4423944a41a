import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { pieceBytesMax } from '@kiln/assemble';
import type { LayerSegment, MadeSegment, SegmentMaker, SegmentRequest } from '@kiln/assemble';
import { systemRandom } from '@kiln/base';
import type { Random } from '@kiln/base';

/** What a thread is asked for. */
export interface SegmentJob {
  readonly content: Uint8Array;
  readonly compression: 'gzip' | 'zstd';
  readonly key: string | undefined;
  readonly directory: string;
  /** For the names of temporary files. */
  readonly id: string;
  /** Memory for the bytes. */
  readonly into: Uint8Array;
}

/** A segment whose bytes are in the memory given, or that did not fit. */
export type SegmentAnswer =
  | {
      readonly kind: 'place';
      readonly start: number;
      readonly end: number;
      readonly sizeBytes: number;
      readonly crc: number;
    }
  | { readonly kind: 'bytes'; readonly segment: LayerSegment };

interface Waiting {
  readonly job: SegmentJob;
  readonly settle: (answer: SegmentAnswer | undefined) => void;
}

/** What compression makes longer still fits, and so does the head of a kept segment. */
const intoBytes = pieceBytesMax + 64 * 1024;

const threadsMost = 4;

/**
 * Makes segments in threads, each of which looks into the cache that `SegmentFiles` shows, compresses what is not there, and keeps it. Contents
 * and bytes are in memory that all of them share, used again and again: what the main thread would have to collect as garbage
 * costs as much as it does to compress. Threads start when there is work and end with `Symbol.dispose`; they do not keep the
 * process. Where none can be had segments are made without, and not kept.
 */
export class SegmentThreads implements SegmentMaker, Disposable {
  readonly #directory: string;
  readonly #random: Random;
  readonly #threadsMax: number;
  readonly #free: Uint8Array[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #idle: Worker[] = [];
  readonly #alive = new Set<Worker>();

  constructor({
    directory,
    random = systemRandom,
    threadsMax = Math.min(availableParallelism(), threadsMost),
  }: {
    readonly directory: string;
    readonly random?: Random;
    readonly threadsMax?: number;
  }) {
    this.#directory = directory;
    this.#random = random;
    this.#threadsMax = threadsMax;
  }

  async make(content: Uint8Array, { compression, key }: SegmentRequest): Promise<MadeSegment> {
    const into = this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(intoBytes));
    const release = (): void => void this.#free.push(into);
    const job = {
      content,
      compression: compression.name,
      key,
      directory: this.#directory,
      id: this.#random.id(8),
      into,
    };
    const answer = await this.#answerTo(job);
    switch (answer?.kind) {
      case 'place': {
        const { start, end, sizeBytes, crc } = answer;
        return { bytes: into.subarray(start, end), sizeBytes, crc, release };
      }
      case 'bytes':
        return { ...answer.segment, release };
      case undefined:
        return { ...(await compression.segment(content)), release };
    }
  }

  [Symbol.dispose](): void {
    for (const worker of this.#alive) void worker.terminate();
  }

  #answerTo(job: SegmentJob): Promise<SegmentAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<SegmentAnswer | undefined>();
    this.#waiting.push({ job, settle: resolve });
    this.#next();
    return promise;
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? this.#start();
      if (worker === undefined) {
        // Nobody will come to it.
        if (this.#alive.size === 0)
          for (const { settle } of this.#waiting.splice(0)) settle(undefined);
        return;
      }
      const first = this.#waiting.shift();
      if (first !== undefined) this.#run(worker, first);
    }
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

  #run(worker: Worker, { job, settle }: Waiting): void {
    worker.ref();
    const answered = (answer: SegmentAnswer): void => {
      worker.off('message', answered).off('exit', ended);
      worker.unref();
      this.#idle.push(worker);
      settle(answer);
      this.#next();
    };
    const ended = (): void => {
      worker.off('message', answered);
      settle(undefined);
    };
    worker.on('message', answered).once('exit', ended);
    worker.postMessage(job);
  }
}

/** Large buffers are elsewhere; what is beside them is small. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

function startThread(): Worker | undefined {
  try {
    return new Worker(new URL('./segment-thread.ts', import.meta.url), { resourceLimits });
  } catch {
    return undefined;
  }
}
