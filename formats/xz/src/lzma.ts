import { corrupt } from './limits.ts';
import { evenOdds, RangeDecoder } from './range-decoder.ts';
import type { Window } from './window.ts';

/** How many bits of what came before choose the odds of a literal (`lc`, `lp`) and of everything else (`pb`). */
export interface LzmaProperties {
  readonly lc: number;
  readonly lp: number;
  readonly pb: number;
}

/** The byte of properties of an LZMA2 chunk. Throws `XZ_CORRUPT`. */
export function lzmaProperties(byte: number): LzmaProperties {
  const lc = byte % 9;
  const lp = Math.floor(byte / 9) % 5;
  const pb = Math.floor(byte / 45);
  if (pb > 4 || lc + lp > 4) throw corrupt('xz chunk has impossible properties');
  return { lc, lp, pb };
}

const states = 12;
const literalStates = 7;

class Lengths {
  readonly #choice = evenOdds(2);
  readonly #low = evenOdds(16 * 8);
  readonly #middle = evenOdds(16 * 8);
  readonly #high = evenOdds(256);

  /** 0 stands for the shortest. */
  read(input: RangeDecoder, place: number): number {
    if (input.bit(this.#choice, 0) === 0) return input.tree(this.#low, place * 8, 3);
    if (input.bit(this.#choice, 1) === 0) return 8 + input.tree(this.#middle, place * 8, 3);
    return 16 + input.tree(this.#high, 0, 8);
  }
}

/** What LZMA remembers between symbols; an LZMA2 chunk may go on with that of the chunk before it. */
export class LzmaDecoder {
  readonly #properties: LzmaProperties;
  readonly #isMatch = evenOdds(states * 16);
  readonly #isRepeat = evenOdds(states);
  readonly #isOlder = evenOdds(states);
  readonly #isMuchOlder = evenOdds(states);
  readonly #isOldest = evenOdds(states);
  readonly #isLong = evenOdds(states * 16);
  readonly #slots = evenOdds(4 * 64);
  readonly #special = evenOdds(128);
  readonly #align = evenOdds(16);
  readonly #matchLengths = new Lengths();
  readonly #repeatLengths = new Lengths();
  readonly #literals: Uint16Array;
  #state = 0;
  /** The distances used last, the most recent first. */
  #recent: [number, number, number, number] = [0, 0, 0, 0];

  constructor(properties: LzmaProperties) {
    this.#properties = properties;
    this.#literals = evenOdds(0x300 * 2 ** (properties.lc + properties.lp));
  }

  get properties(): LzmaProperties {
    return this.#properties;
  }

  /** Decodes a chunk of exactly `count` bytes. Throws `XZ_CORRUPT`. */
  decode(chunk: Uint8Array, window: Window, count: number): void {
    const input = new RangeDecoder(chunk);
    const end = window.filled + count;
    const placeMask = 2 ** this.#properties.pb - 1;
    while (window.filled < end) {
      const place = window.filled & placeMask;
      if (input.bit(this.#isMatch, this.#state * 16 + place) === 0) this.#literal(input, window);
      else {
        const length = this.#match(input, place);
        if (window.filled + length > end) throw corrupt('xz chunk is longer than it says');
        window.repeat(this.#recent[0], length);
      }
    }
    if (!input.finished) throw corrupt('xz chunk does not end where its content does');
  }

  #literal(input: RangeDecoder, window: Window): void {
    const { lc, lp } = this.#properties;
    const before = window.filled === 0 ? 0 : window.back(0);
    const place = window.filled & (2 ** lp - 1);
    const offset = 0x300 * (place * 2 ** lc + (before >> (8 - lc)));
    let node = 1;
    if (this.#state >= literalStates) {
      // After a repetition, the byte that would have gone on with it helps to guess.
      let guess = window.back(this.#recent[0]);
      while (node < 0x100) {
        const expected = (guess >> 7) & 1;
        guess = (guess << 1) & 0xff;
        const bit = input.bit(this.#literals, offset + ((1 + expected) << 8) + node);
        node = node * 2 + bit;
        if (bit !== expected) break;
      }
    }
    while (node < 0x100) node = node * 2 + input.bit(this.#literals, offset + node);
    window.put(node & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
  }

  /** Sets the distance and gives the length. */
  #match(input: RangeDecoder, place: number): number {
    const after = this.#state < literalStates ? 0 : 3;
    if (input.bit(this.#isRepeat, this.#state) === 0) {
      const length = this.#matchLengths.read(input, place);
      const distance = this.#distance(input, Math.min(length, 3));
      this.#recent = [distance, this.#recent[0], this.#recent[1], this.#recent[2]];
      this.#state = 7 + after;
      return length + 2;
    }
    if (input.bit(this.#isOlder, this.#state) === 0) {
      if (input.bit(this.#isLong, this.#state * 16 + place) === 0) {
        this.#state = after === 0 ? 9 : 11;
        return 1;
      }
    } else this.#takeOlder(input);
    this.#state = after === 0 ? 8 : 11;
    return this.#repeatLengths.read(input, place) + 2;
  }

  #takeOlder(input: RangeDecoder): void {
    const [first, second, third, fourth] = this.#recent;
    if (input.bit(this.#isMuchOlder, this.#state) === 0)
      this.#recent = [second, first, third, fourth];
    else if (input.bit(this.#isOldest, this.#state) === 0)
      this.#recent = [third, first, second, fourth];
    else this.#recent = [fourth, first, second, third];
  }

  #distance(input: RangeDecoder, lengthState: number): number {
    const slot = input.tree(this.#slots, lengthState * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 + (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + input.reverseTree(this.#special, base - slot, bits);
    return base + input.direct(bits - 4) * 16 + input.reverseTree(this.#align, 0, 4);
  }
}
