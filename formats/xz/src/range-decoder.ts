import { corrupt } from './limits.ts';

/** How likely a bit is zero, in 2048ths; one half at first. */
export function evenOdds(count: number): Uint16Array {
  return new Uint16Array(count).fill(1024);
}

/** Decodes bits whose odds adapt, out of one chunk (LZMA's range coder). */
export class RangeDecoder {
  readonly #bytes: Uint8Array;
  #position = 5;
  #range = 0xffff_ffff;
  #code: number;

  /** Throws `XZ_CORRUPT` for a chunk that does not begin as one has to. */
  constructor(bytes: Uint8Array) {
    if (bytes.length < 5 || bytes[0] !== 0) throw corrupt('xz chunk has no beginning');
    this.#bytes = bytes;
    this.#code = Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32BE(1);
  }

  /** Whether the chunk was used up, no more and no less. */
  get finished(): boolean {
    this.#normalize();
    return this.#position === this.#bytes.length && this.#code === 0;
  }

  bit(odds: Uint16Array, index: number): 0 | 1 {
    this.#normalize();
    const odd = odds[index] ?? 0;
    const bound = (this.#range >>> 11) * odd;
    if (this.#code < bound) {
      this.#range = bound;
      odds[index] = odd + ((2048 - odd) >> 5);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    odds[index] = odd - (odd >> 5);
    return 1;
  }

  /** Bits of even odds that do not adapt, the first one highest. */
  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#normalize();
      this.#range >>>= 1;
      const one = this.#code >= this.#range;
      if (one) this.#code -= this.#range;
      value = value * 2 + (one ? 1 : 0);
    }
    return value;
  }

  /** A number of `bits` bits, each with the odds of those before it; the first one highest. */
  tree(odds: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = node * 2 + this.bit(odds, offset + node);
    return node - 2 ** bits;
  }

  /** The same, the first bit lowest. */
  reverseTree(odds: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(odds, offset + node);
      node = node * 2 + bit;
      value += bit * 2 ** i;
    }
    return value;
  }

  #normalize(): void {
    if (this.#range >= 0x0100_0000) return;
    this.#range = (this.#range << 8) >>> 0;
    const next = this.#bytes[this.#position++];
    if (next === undefined) throw corrupt('xz chunk ends early');
    this.#code = ((this.#code << 8) | next) >>> 0;
  }
}
