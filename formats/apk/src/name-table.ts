/** Numbers of one entry: hash, place of its first byte, place behind its last one, and what it belongs to. */
const stride = 4;

/** Where names stand in some bytes, gathered one after the other; `NameTable` finds them. */
export class NamePlaces {
  #numbers = new Int32Array(stride * 1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Entry by entry, `stride` numbers each. */
  get numbers(): Int32Array {
    return this.#numbers;
  }

  /** A name from `start` up to `end`, whose bytes have the hash `hash`, of the owner `owner`. */
  add(hash: number, start: number, end: number, owner: number): void {
    const at = this.#count * stride;
    if (at === this.#numbers.length) {
      const longer = new Int32Array(at * 2);
      longer.set(this.#numbers);
      this.#numbers = longer;
    }
    const numbers = this.#numbers;
    numbers[at] = hash;
    numbers[at + 1] = start;
    numbers[at + 2] = end;
    numbers[at + 3] = owner;
    this.#count += 1;
  }
}

/** The hash of no bytes; `hashStep` takes one more byte in. FNV-1a of 32 bits. */
export const hashStart: number = 0x811c9dc5 | 0;

export function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/**
 * Finds names among bytes without having made a string of any of them: a hash table whose chains run in the order of the places.
 * Building it takes a few nanoseconds an entry.
 */
export class NameTable {
  readonly #bytes: Uint8Array;
  readonly #numbers: Int32Array;
  /** First entry of each bucket, and the entry after each entry; -1 ends a chain. */
  readonly #heads: Int32Array;
  readonly #next: Int32Array;

  constructor(bytes: Uint8Array, places: NamePlaces) {
    const { count, numbers } = places;
    this.#bytes = bytes;
    this.#numbers = numbers;
    this.#heads = new Int32Array(2 ** Math.max(4, Math.ceil(Math.log2(count + 1)))).fill(-1);
    this.#next = new Int32Array(count);
    const mask = this.#heads.length - 1;
    for (let entry = count - 1; entry >= 0; entry -= 1) {
      const bucket = (numbers[entry * stride] ?? 0) & mask;
      this.#next[entry] = this.#heads[bucket] ?? -1;
      this.#heads[bucket] = entry;
    }
  }

  /** Whose name this is, in the order of the places; an owner comes as often as it has the name. */
  owners(name: string): number[] {
    const wanted = Buffer.from(name);
    let hash = hashStart;
    for (const byte of wanted) hash = hashStep(hash, byte);
    const found: number[] = [];
    let entry = this.#heads[hash & (this.#heads.length - 1)] ?? -1;
    for (; entry >= 0; entry = this.#next[entry] ?? -1) {
      const at = entry * stride;
      if (this.#numbers[at] === hash && this.#isAt(wanted, at))
        found.push(this.#numbers[at + 3] ?? 0);
    }
    return found;
  }

  #isAt(wanted: Uint8Array, at: number): boolean {
    const start = this.#numbers[at + 1] ?? 0;
    if ((this.#numbers[at + 2] ?? 0) - start !== wanted.length) return false;
    for (let i = 0; i < wanted.length; i += 1)
      if (this.#bytes[start + i] !== wanted[i]) return false;
    return true;
  }
}
