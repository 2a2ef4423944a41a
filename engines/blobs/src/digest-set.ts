import type { Digest } from '@kiln/base';

/**
 * Digests in 16 bytes each or less, for millions of them: only the first 64 bits are kept, so that the set may take a
 * digest for one that it has (of ten million, one in a million million), and never the other way round.
 */
export class DigestSet {
  /** Pairs of words, zero for an empty place. */
  #words: Uint32Array;
  #size = 0;

  constructor(expected = 1024) {
    this.#words = new Uint32Array(2 * 2 ** Math.ceil(Math.log2(Math.max(expected * 2, 16))));
  }

  /** How many different ones there are. */
  get size(): number {
    return this.#size;
  }

  add(digest: Digest): void {
    this.addHex(digest.slice('sha256:'.length));
  }

  /** Adds the digest with these hexadecimal digits. */
  addHex(hex: string): void {
    const [high, low] = wordsOf(hex);
    const at = this.#find(high, low);
    if (this.#words[at] !== 0) return;
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.#size += 1;
    if (this.#size * 4 > this.#words.length) this.#grow();
  }

  has(digest: Digest): boolean {
    const [high, low] = wordsOf(digest.slice('sha256:'.length));
    return this.#words[this.#find(high, low)] !== 0;
  }

  /** Where a digest is, or would be. */
  #find(high: number, low: number): number {
    const words = this.#words;
    const mask = words.length - 1;
    let at = (low << 1) & mask;
    while (words[at] !== 0 && (words[at] !== high || words[at + 1] !== low)) at = (at + 2) & mask;
    return at;
  }

  #grow(): void {
    const before = this.#words;
    this.#words = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      const [high = 0, low = 0] = [before[at], before[at + 1]];
      if (high === 0) continue;
      const place = this.#find(high, low);
      this.#words[place] = high;
      this.#words[place + 1] = low;
    }
  }
}

/** Zero marks an empty place, so the first word is never zero. */
function wordsOf(hex: string): readonly [number, number] {
  return [Number.parseInt(hex.slice(0, 8), 16) || 1, Number.parseInt(hex.slice(8, 16), 16)];
}
