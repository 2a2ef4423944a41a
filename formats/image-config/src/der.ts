import { KilnError } from '@kiln/base';

/** Tags of ASN.1's universal types, as DER writes them. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/**
 * Elements of DER (X.690) one after another: tags of one byte, lengths below 4 GiB in as few bytes as can be. What does not
 * parse is thrown as `IMAGE_CONFIG_INVALID` that says `malformed` and `what` it was to be.
 */
export class Der {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  get isEmpty(): boolean {
    return this.#rest.length === 0;
  }

  /** Whether an element with this tag comes next. */
  isAt(tag: number): boolean {
    return this.#rest[0] === tag;
  }

  /** The next element, whatever it is. */
  any(what: string): Element {
    const [tag = 0x1f, first = 0] = this.#rest;
    if (this.#rest.length < 2 || (tag & 0x1f) === 0x1f) throw malformed(what);
    const count = first < 0x80 ? 0 : first & 0x7f;
    const start = 2 + count;
    if (first === 0x80 || count > 4 || this.#rest.length < start) throw malformed(what);
    const size = count === 0 ? first : this.#rest.readUIntBE(2, count);
    const isShortest = count === 0 || (size >= 0x80 && this.#rest[2] !== 0);
    if (!isShortest || this.#rest.length < start + size) throw malformed(what);
    const whole = this.#rest.subarray(0, start + size);
    this.#rest = this.#rest.subarray(start + size);
    return { tag, content: whole.subarray(start), whole };
  }

  /** The content of the next element, which has this tag. */
  take(tag: number, what: string): Buffer {
    if (!this.isAt(tag)) throw malformed(what);
    return this.any(what).content;
  }

  /** The same, or undefined where another comes next. */
  optional(tag: number, what: string): Buffer | undefined {
    return this.isAt(tag) ? this.take(tag, what) : undefined;
  }

  /** The elements in the next one, which is a sequence. */
  sequence(what: string): Der {
    return new Der(this.take(tags.sequence, what));
  }

  /** The bytes of an integer: two's complement, as few as can be. */
  integer(what: string): Buffer {
    const bytes = this.take(tags.integer, what);
    if (!isInteger(bytes)) throw malformed(what);
    return bytes;
  }

  boolean(what: string): boolean {
    const [value, ...more] = this.take(tags.boolean, what);
    if ((value !== 0 && value !== 0xff) || more.length > 0) throw malformed(what);
    return value === 0xff;
  }

  /** The bytes of a bit string; bits beyond its end are 0. */
  bitString(what: string): { readonly bytes: Buffer; readonly unusedBits: number } {
    const [unusedBits = 8, ...bytes] = this.take(tags.bitString, what);
    const last = bytes.at(-1) ?? 0;
    if (unusedBits > 7 || (bytes.length === 0 && unusedBits > 0)) throw malformed(what);
    if ((last & ((1 << unusedBits) - 1)) !== 0) throw malformed(what);
    return { bytes: Buffer.from(bytes), unusedBits };
  }

  /** An object identifier as numbers between dots; each is below 2^31. */
  objectId(what: string): string {
    const numbers: number[] = [];
    let number: number | undefined;
    for (const byte of this.take(tags.objectId, what)) {
      if (number === undefined && byte === 0x80) throw malformed(what);
      number = (number ?? 0) * 0x80 + (byte & 0x7f);
      if (number >= 2 ** 31) throw malformed(what);
      if (byte >= 0x80) continue;
      numbers.push(number);
      number = undefined;
    }
    const [first, ...more] = numbers;
    if (first === undefined || number !== undefined) throw malformed(what);
    const root = Math.min(Math.floor(first / 40), 2);
    return [root, first - root * 40, ...more].join('.');
  }
}

/** Whether these are the bytes of an integer, as few as can be. */
export function isInteger(bytes: Buffer): boolean {
  const [first, second] = bytes;
  return first !== undefined && (second === undefined || first !== (second < 0x80 ? 0 : 0xff));
}

/** What is thrown for what does not parse. */
export function malformed(what: string): KilnError {
  return new KilnError('IMAGE_CONFIG_INVALID', `malformed ${what}`);
}
