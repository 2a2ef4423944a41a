import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { segmentKey } from '@kiln/assemble';
import type { LayerCompression, LayerRun, MadeSegments, SegmentMaker } from '@kiln/assemble';
import { ThreadPool, systemRandom } from '@kiln/base';
import type { Random } from '@kiln/base';
import { pieceBytesMax } from '@kiln/gzip';
import { answerTo } from './segment-work.ts';
import type { SegmentAnswer, SegmentJob } from './segment-work.ts';

/** What compression makes longer mostly fits, and so does the head of a kept segment. */
const intoBytes = pieceBytesMax + 64 * 1024;

const threadsMost = 4;

/** What is compressed here in the time that the first thread takes to start. */
const hereBytesMax = 2 * 2 ** 20;

/** As long takes it to read this many bytes, with their segments where there are some, as to compress one. */
const readPerCompressed = 16;

/** To ask a thread for so little takes longer than to do it. */
const littleBytes = 64 * 1024;

/** Large buffers are elsewhere; what is beside them is small. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/**
 * Makes segments in threads, each of which reads contents, looks into the cache that `SegmentFiles` shows, compresses what is neither there nor in
 * a package, and keeps it. Contents and bytes are in memory that all of them share, used again and again: what the main thread would
 * have to collect as garbage costs as much as it does to compress. Threads start when there is more work than the first 2 MiB, which are
 * done here, and end with `Symbol.dispose`; they do not keep the process. Where none can be had it is done here.
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

  async make(run: LayerRun, compression: LayerCompression): Promise<MadeSegments> {
    const into = this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(intoBytes));
    const release = (): void => void this.#free.push(into);
    const job = this.#jobOf(run, compression, into);
    const there = this.#isForHere(job) ? undefined : await this.#pool.run(job);
    const answer = there ?? answerTo(job);
    if (answer.kind === 'damaged') {
      release();
      const damaged = run.reads[answer.read]?.part.damaged();
      throw (await damaged) ?? new Error('assertion failed: a read that was not asked for');
    }
    const segments = answer.segments.map(({ start, end, bytes, sizeBytes, crc }) => ({
      bytes: bytes ?? into.subarray(start, end),
      sizeBytes,
      crc,
    }));
    return { segments, release };
  }

  #isForHere({ content, pieces }: SegmentJob): boolean {
    if (content.length <= littleBytes) return true;
    this.#hereBytesLeft -= content.length / readPerCompressed;
    for (const { start, end, packaged } of pieces)
      if (packaged === undefined) this.#hereBytesLeft -= end - start;
    return this.#hereBytesLeft >= 0;
  }

  #jobOf(run: LayerRun, compression: LayerCompression, into: Uint8Array): SegmentJob {
    const { content, reads, pieces } = run;
    return {
      content,
      reads: reads.map(({ start, part: { path, offset, sizeBytes, crc } }) => ({
        start,
        path,
        offset,
        sizeBytes,
        crc,
      })),
      pieces: pieces.map((piece) => ({
        start: piece.start,
        end: piece.end,
        key: segmentKey({ source: piece.source, sizeBytes: piece.end - piece.start }, compression),
        crc: piece.part?.crc,
        packaged: compression.name === 'gzip' ? piece.part?.segment : undefined,
      })),
      compression: compression.name,
      directory: this.#directory,
      id: this.#random.id(8),
      into,
    };
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
