/** What one write takes at least, but the last. */
const writeBytesMin = 64 * 1024;

/**
 * Writes chunks into a file, and waits for the system each time: what a process writes that has nothing else to do until it is
 * written takes less time so than to ask another thread for it. Small chunks are copied, and written together; of large ones nothing is kept.
 */
export class WaitingWriter {
  readonly #some: (bytes: Uint8Array) => number;
  readonly #gathered = Buffer.allocUnsafeSlow(2 * writeBytesMin);
  #sizeBytes = 0;

  /** `some` writes what comes next, or the start of it, and returns how many bytes it wrote. */
  constructor(some: (bytes: Uint8Array) => number) {
    this.#some = some;
  }

  /** Throws what `some` throws. */
  write(chunk: Uint8Array): void {
    if (chunk.length >= writeBytesMin) {
      this.end();
      this.#whole(chunk);
      return;
    }
    this.#gathered.set(chunk, this.#sizeBytes);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes >= writeBytesMin) this.end();
  }

  /** Writes what is gathered. Throws as `write`. */
  end(): void {
    this.#whole(this.#gathered.subarray(0, this.#sizeBytes));
    this.#sizeBytes = 0;
  }

  #whole(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#some(bytes.subarray(at));
  }
}
