import type { FileHandle } from 'node:fs/promises';

/** What one write takes at once. */
const writeBytes = 512 * 1024;

/** What is kept for the next writers, of all that are done. */
const freeMax = 4;
const free: Buffer[] = [];

function give(buffer: Buffer): void {
  if (free.length < freeMax) free.push(buffer);
}

/** Writes chunks of any size in few writes, the next of which is gathered while one is under way. Every chunk is copied. */
export class GatheredWriter {
  readonly #file: FileHandle;
  #filling: Buffer | undefined;
  #sizeBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Throws what the system says of this write or an earlier one. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      this.#filling ??= free.pop() ?? Buffer.allocUnsafeSlow(writeBytes);
      const some = chunk.subarray(at, at + writeBytes - this.#sizeBytes);
      this.#filling.set(some, this.#sizeBytes);
      this.#sizeBytes += some.length;
      at += some.length;
      if (this.#sizeBytes === writeBytes) await this.#flush();
    }
  }

  /** At the end: all that was given is written then. Throws as `write`. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  /** Waits for what is under way, after something else failed. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const [full, sizeBytes] = [this.#filling, this.#sizeBytes];
    if (full === undefined) return;
    this.#filling = undefined;
    this.#sizeBytes = 0;
    this.#writing = writeAll(this.#file, full.subarray(0, sizeBytes));
    this.#writing.then(
      () => give(full),
      // Whoever writes or ends next is told.
      () => undefined,
    );
  }
}

/** At the place where the file is written. */
export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.length) at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
}
