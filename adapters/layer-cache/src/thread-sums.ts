import { Worker } from 'node:worker_threads';
import type { ContentSum, ContentSums } from '@kiln/assemble';
import { ThreadPool, digestFromHex } from '@kiln/base';

/** What the thread is asked for, of the sum of that number. Contents are in memory that is shared. */
export type SumJob = { readonly number: number } & (
  | { readonly step: 'begin' | 'end' }
  | { readonly step: 'update'; readonly content: Uint8Array }
);

/** What is hashed here in the time that the thread takes to start. */
const hereBytesMax = 32 * 2 ** 20;

/** To ask the thread for so little takes longer than to do it. */
const littleBytes = 2 ** 20;

/** Contents are elsewhere. */
const resourceLimits = { maxYoungGenerationSizeMb: 1 };

/**
 * Hashes layers in a thread of its own, while others read and compress and this one writes. It starts when there is more than the first
 * 32 MiB, which are left to whoever asks, and ends with `Symbol.dispose`; it does not keep the process. Where none can be had all is left.
 */
export class ThreadSums implements ContentSums, Disposable {
  readonly #pool: ThreadPool<SumJob, string | undefined>;
  #leftBytes: number;
  #count = 0;

  constructor({
    hereBytes = hereBytesMax,
    threadsMax = 1,
  }: { readonly hereBytes?: number; readonly threadsMax?: 0 | 1 } = {}) {
    this.#leftBytes = hereBytes;
    const program = new URL('./sum-thread.ts', import.meta.url);
    const start = (): Worker => new Worker(program, { resourceLimits });
    this.#pool = new ThreadPool({ start, threadsMax });
  }

  async sum(sizeBytes: number): Promise<ContentSum | undefined> {
    if (sizeBytes <= littleBytes) return undefined;
    this.#leftBytes -= sizeBytes;
    if (this.#leftBytes >= 0) return undefined;
    const number = this.#count++;
    if ((await this.#pool.run({ number, step: 'begin' })) === undefined) return undefined;
    const ask = async (job: SumJob): Promise<string> => {
      const answer = await this.#pool.run(job);
      if (answer === undefined) throw new Error('the thread that hashes layers has ended');
      return answer;
    };
    return {
      update: async (content) => void (await ask({ number, step: 'update', content })),
      digest: async () => digestFromHex(await ask({ number, step: 'end' })),
    };
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
