import { corrupt } from './limits.ts';

/** The content so far, as far back as later content may repeat it. */
export class Window {
  readonly #bytes: Uint8Array;
  readonly #dictionaryBytes: number;
  #position = 0;
  /** Bytes since the dictionary was reset: none before them may be repeated. */
  #filled = 0;

  /** `roomBytes`: what is written at most between two calls of `open`. */
  constructor(dictionaryBytes: number, roomBytes: number) {
    this.#bytes = new Uint8Array(dictionaryBytes + roomBytes);
    this.#dictionaryBytes = dictionaryBytes;
  }

  /** Makes room for so many bytes and says where they begin. */
  open(count: number): number {
    if (this.#position + count > this.#bytes.length) {
      const kept = Math.min(this.#dictionaryBytes, this.#position);
      this.#bytes.copyWithin(0, this.#position - kept, this.#position);
      this.#position = kept;
    }
    return this.#position;
  }

  reset(): void {
    this.#filled = 0;
  }

  /** How many bytes are there since the reset. */
  get filled(): number {
    return this.#filled;
  }

  put(byte: number): void {
    this.#bytes[this.#position++] = byte;
    this.#filled += 1;
  }

  write(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
    this.#filled += bytes.length;
  }

  /** The byte so far back, 0 for the last one. */
  back(distance: number): number {
    this.#check(distance);
    return this.#bytes[this.#position - distance - 1] ?? 0;
  }

  /** Repeats bytes from so far back; what is repeated may overlap what is written. */
  repeat(distance: number, count: number): void {
    this.#check(distance);
    for (let i = 0; i < count; i++) {
      this.#bytes[this.#position] = this.#bytes[this.#position - distance - 1] ?? 0;
      this.#position += 1;
    }
    this.#filled += count;
  }

  /** A copy of what was written since a place that `open` gave. */
  since(start: number): Uint8Array {
    return this.#bytes.slice(start, this.#position);
  }

  #check(distance: number): void {
    if (distance >= Math.min(this.#filled, this.#dictionaryBytes))
      throw corrupt('xz content repeats what was not there');
  }
}
