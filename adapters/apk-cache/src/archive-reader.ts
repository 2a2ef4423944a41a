import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

const windowSizeBytes = 256 * 1024;
const smallBytesMax = 64 * 1024;

interface Window {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * Reads parts of one archive. Small parts are served from a window that is read at once, since an image takes the files
 * of a package mostly in their order; large ones are streamed. Holds no open file between calls. A part that the file
 * does not have comes back short.
 */
export class ArchiveReader {
  readonly #path: string;
  #window: Window = { start: 0, bytes: new Uint8Array(0) };

  constructor(path: string) {
    this.#path = path;
  }

  async *read(offset: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
    if (sizeBytes === 0) return;
    if (sizeBytes > smallBytesMax) {
      yield* createReadStream(this.#path, {
        start: offset,
        end: offset + sizeBytes - 1,
      }) as AsyncIterable<Buffer>;
      return;
    }
    const covers = (window: Window): boolean =>
      offset >= window.start && offset + sizeBytes <= window.start + window.bytes.length;
    // Another reader may move the window meanwhile: only the one at hand is looked at.
    const window = covers(this.#window) ? this.#window : await this.#move(offset);
    const from = offset - window.start;
    yield window.bytes.subarray(from, from + sizeBytes);
  }

  /** The same in buffers of the caller, each filled but the last, and the caller's again when it has been yielded. */
  async *readInto(
    offset: number,
    sizeBytes: number,
    buffer: () => Uint8Array,
  ): AsyncGenerator<Uint8Array> {
    await using file = await open(this.#path, 'r');
    for (let done = 0; done < sizeBytes;) {
      const into = buffer();
      const length = Math.min(into.length, sizeBytes - done);
      let filled = 0;
      while (filled < length) {
        const at = offset + done + filled;
        const { bytesRead } = await file.read(into, filled, length - filled, at);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      yield into.subarray(0, filled);
      if (filled < length) return;
      done += filled;
    }
  }

  async #move(offset: number): Promise<Window> {
    await using file = await open(this.#path, 'r');
    const { buffer, bytesRead } = await file.read(
      Buffer.allocUnsafeSlow(windowSizeBytes),
      0,
      windowSizeBytes,
      offset,
    );
    this.#window = { start: offset, bytes: buffer.subarray(0, bytesRead) };
    return this.#window;
  }
}
