import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { filled } from '@kiln/base';

const windowSizeBytes = 128 * 1024;
const smallBytesMax = 64 * 1024;

export interface Window {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Packages whose files are read by turns, as those of one directory are. */
const windowsMax = 16;

/** The windows of the readers that were asked last: one for each package would be more than all else of an image. */
export class ArchiveWindows {
  readonly #recent = new Map<ArchiveReader, Window>();

  get(reader: ArchiveReader): Window | undefined {
    return this.#recent.get(reader);
  }

  set(reader: ArchiveReader, window: Window): void {
    this.#recent.delete(reader);
    this.#recent.set(reader, window);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > windowsMax && oldest !== undefined) this.#recent.delete(oldest);
  }
}

/**
 * Reads parts of one archive. Small parts are served from a window that is read at once, since an image takes the files
 * of a package mostly in their order; large ones are streamed. Holds no open file between calls. A part that the file
 * does not have comes back short.
 */
export class ArchiveReader {
  readonly #path: string;
  readonly #windows: ArchiveWindows;

  constructor(path: string, windows: ArchiveWindows) {
    this.#path = path;
    this.#windows = windows;
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
    const covers = (one: Window): boolean =>
      offset >= one.start && offset + sizeBytes <= one.start + one.bytes.length;
    const before = this.#windows.get(this);
    const window = before !== undefined && covers(before) ? before : this.#move(offset);
    const from = offset - window.start;
    yield window.bytes.subarray(from, from + sizeBytes);
  }

  #move(offset: number): Window {
    const file = openSync(this.#path, 'r');
    try {
      const bytes = Buffer.allocUnsafeSlow(windowSizeBytes);
      const size = filled(bytes, (rest, at) => readSync(file, rest, 0, rest.length, offset + at));
      const window = { start: offset, bytes: bytes.subarray(0, size) };
      this.#windows.set(this, window);
      return window;
    } finally {
      closeSync(file);
    }
  }
}
