import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { LayerSegment, MadeSegment, SegmentMaker, SegmentRequest } from '@kiln/assemble';
import { ThreadPool, systemRandom } from '@kiln/base';
import type { Random } from '@kiln/base';
import { pieceBytesMax } from '@kiln/gzip';
import { answerTo } from './segment-work.ts';

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

/** What compression makes longer still fits, and so does the head of a kept segment. */
const intoBytes = pieceBytesMax + 64 * 1024;

const threadsMost = 4;

/** What is compressed here in the time that the first thread takes to start. */
const hereBytesMax = 2 * 2 ** 20;

/** Large buffers are elsewhere; what is beside them is small. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/**
 * Makes segments in threads, each of which looks into the cache that `SegmentFiles` shows, compresses what is not there, and keeps it. Contents
 * and bytes are in memory that all of them share, used again and again: what the main thread would have to collect as garbage
 * costs as much as it does to compress. Threads start when there is more work than the first 2 MiB, which are done here, and end
 * with `Symbol.dispose`; they do not keep the process. Where none can be had segments are made without, and not kept.
 */
export class SegmentThreads implements SegmentMaker, Disposable {
  readonly #directory: string;
  readonly #random: Random;
  readonly #free: Uint8Array[] = [];
  readonly #pool: ThreadPool<SegmentJob, SegmentAnswer>;
  #hereBytesLeft: number;

  constructor({
    directory,
    random = systemRandom,
    threadsMax = Math.min(availableParallelism(), threadsMost),
    hereBytes = hereBytesMax,
  }: {
    readonly directory: string;
    readonly random?: Random;
    readonly threadsMax?: number;
    readonly hereBytes?: number;
  }) {
    this.#directory = directory;
    this.#random = random;
    this.#hereBytesLeft = hereBytes;
    const program = new URL('./segment-thread.ts', import.meta.url);
    const start = (): Worker => new Worker(program, { resourceLimits });
    this.#pool = new ThreadPool({ start, threadsMax });
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
    this.#hereBytesLeft -= content.length;
    const answer = this.#hereBytesLeft >= 0 ? answerTo(job) : await this.#pool.run(job);
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
    this.#pool[Symbol.dispose]();
  }
}
