import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ContentSum, ContentSums } from '@kiln/assemble';
import { digestFromHex } from '@kiln/base';

/** A part of a sum, or its end. Each has one answer, in their order. */
export interface SumJob {
  /** Of the sum. */
  readonly number: number;
  /** Memory that is shared; undefined at the end. */
  readonly content: Uint8Array | undefined;
}

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
  #leftBytes: number;
  #thread: Promise<SumThread | undefined> | undefined;
  #count = 0;

  constructor({ hereBytes = hereBytesMax }: { readonly hereBytes?: number } = {}) {
    this.#leftBytes = hereBytes;
  }

  async sum(sizeBytes: number): Promise<ContentSum | undefined> {
    if (sizeBytes <= littleBytes) return undefined;
    this.#leftBytes -= sizeBytes;
    if (this.#leftBytes >= 0) return undefined;
    const thread = await (this.#thread ??= SumThread.start());
    return thread?.sum(this.#count++);
  }

  [Symbol.dispose](): void {
    void this.#thread?.then((thread) => thread?.[Symbol.dispose]());
  }
}

class SumThread implements Disposable {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  #isEnded = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: string) => this.#next()?.resolve(answer));
    // Such as for want of memory; it ends then.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#isEnded = true;
      while (this.#waiting.length > 0) this.#next()?.reject(hasEnded());
    });
  }

  /** Undefined where none can be had. */
  static async start(): Promise<SumThread | undefined> {
    try {
      const worker = new Worker(new URL('./sum-thread.ts', import.meta.url), { resourceLimits });
      await once(worker, 'online');
      worker.unref();
      return new SumThread(worker);
    } catch {
      return undefined;
    }
  }

  sum(number: number): ContentSum {
    return {
      update: async (content) => void (await this.#ask({ number, content })),
      digest: async () => digestFromHex(await this.#ask({ number, content: undefined })),
    };
  }

  async #ask(job: SumJob): Promise<string> {
    if (this.#isEnded) throw hasEnded();
    const answer = Promise.withResolvers<string>();
    this.#waiting.push(answer);
    this.#worker.ref();
    this.#worker.postMessage(job);
    return answer.promise;
  }

  #next(): PromiseWithResolvers<string> | undefined {
    const first = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    return first;
  }

  [Symbol.dispose](): void {
    void this.#worker.terminate();
  }
}

const hasEnded = (): Error => new Error('the thread that hashes layers has ended');
