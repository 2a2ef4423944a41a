import type { ReadBlobOptions } from '@kiln/blobs';
import { chunkBytes } from './files.ts';

/** Of these many reads at once, each may have large buffers: 64 MiB together. */
const largeReadsMax = 64;
const largeBytes = 512 * 1024;
const smallBytes = 64 * 1024;

let largeReads = 0;

/** What one read reads into: new memory each time, or two buffers by turns, which are small where many read at once. */
export class ReadBuffers implements Disposable {
  readonly #bytes: number;
  readonly #two: Buffer[] | undefined;
  readonly #isLarge: boolean;
  #turn = 0;

  constructor(sizeBytes: number, memory: Required<ReadBlobOptions>['memory']) {
    this.#two = memory === 'new' ? undefined : [];
    this.#isLarge = this.#two !== undefined && sizeBytes > smallBytes && largeReads < largeReadsMax;
    if (this.#isLarge) largeReads += 1;
    if (this.#two === undefined) this.#bytes = chunkBytes;
    else this.#bytes = Math.min(sizeBytes, this.#isLarge ? largeBytes : smallBytes);
  }

  /** At most as long as what is left. */
  next(leftBytes: number): Buffer {
    if (this.#two === undefined) return Buffer.allocUnsafeSlow(Math.min(this.#bytes, leftBytes));
    this.#turn = 1 - this.#turn;
    const buffer = (this.#two[this.#turn] ??= Buffer.allocUnsafeSlow(this.#bytes));
    return buffer.subarray(0, Math.min(buffer.length, leftBytes));
  }

  [Symbol.dispose](): void {
    if (this.#isLarge) largeReads -= 1;
  }
}
