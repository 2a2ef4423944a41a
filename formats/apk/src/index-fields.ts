import { shorten } from '@kiln/base';
import { indexInvalid } from './errors.ts';
import { isNewer, letters } from './index-letters.ts';

const lineBytesMax = 2 ** 20;
const digitsMax = 15;
const newline = 10;
const colon = 58;
const asciiEnd = 128;

/** Kinds of bytes, a bit each. */
const visible = 1;
const digit = 2;
const base64 = 4;
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return (
    (/[!-.0-~]/.test(character) ? visible : 0) |
    (/[0-9]/.test(character) ? digit : 0) |
    (/[A-Za-z0-9+/]/.test(character) ? base64 : 0)
  );
});

/** By letter, of which kinds all bytes of a value are when there is nothing to look into: see `RecordFields.isPlain`. */
const plainKind = new Uint8Array(asciiEnd);
for (const letter of [letters.name, letters.version, letters.arch]) plainKind[letter] = visible;
for (const letter of [
  letters.sizeBytes,
  letters.installedSizeBytes,
  letters.buildTimeSeconds,
  letters.providerPriority,
])
  plainKind[letter] = digit;

const newer: readonly boolean[] = Array.from({ length: asciiEnd }, (_, letter) => isNewer(letter));

/** `Q1`, 27 characters, `=`. */
const checksumLength = 30;
const [letterQ, digitOne, equals] = Buffer.from('Q1=');

/** Where the fields of one record stand in the text of an index; one record after the other. */
export class RecordFields {
  readonly #bytes: Buffer;
  /** By letter, of the last line that had it, in whatever record. */
  readonly #starts = new Int32Array(asciiEnd).fill(-1);
  readonly #ends = new Int32Array(asciiEnd);
  #start = 0;
  #end = 0;
  #line = 0;
  #isNewer = false;
  #isPlain = true;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Goes over the lines of the record at `start` and the blank one behind it; the place after it is returned. Throws
   * `APK_INDEX_INVALID` for a line that is no field or longer than 1 MiB.
   */
  read(start: number): number {
    const bytes = this.#bytes;
    const { length } = bytes;
    const starts = this.#starts;
    const ends = this.#ends;
    let [at, line, hasNewer, isPlain, hasChecksum] = [start, this.#line, false, true, false];
    while (at < length) {
      const letter = bytes[at] ?? 0;
      line += 1;
      if (letter === newline) {
        at += 1;
        break;
      }
      let all = 255;
      let end = at + 2;
      if (bytes[at + 1] !== colon) {
        end = this.#endOfOther(at, line);
      } else {
        const isChecksum = letter === letters.checksum && isChecksumAt(bytes, end);
        if (isChecksum) end += checksumLength;
        for (; end < length; end += 1) {
          const byte = bytes[end] ?? 0;
          if (byte === newline) break;
          all &= kinds[byte] ?? 0;
        }
        if (letter === letters.checksum)
          hasChecksum = isChecksum && end === at + 2 + checksumLength;
        if (end - at > lineBytesMax) throw tooLong(line);
      }
      if (letter < asciiEnd) {
        const kind = plainKind[letter] ?? 0;
        if ((all & kind) !== kind || (kind === digit && end - at - 2 > digitsMax)) isPlain = false;
        if (newer[letter] === true) hasNewer = true;
        starts[letter] = at + 2;
        ends[letter] = end;
      }
      at = end + 1;
    }
    this.#start = start;
    this.#end = Math.min(at, length);
    this.#line = line;
    this.#isNewer = hasNewer;
    this.#isPlain = isPlain && hasChecksum;
    return at;
  }

  /** Whether this is a record that can be used: one with a name, and without a feature that only newer programs know. */
  get isUsable(): boolean {
    return !this.#isNewer && this.start(letters.name) >= 0;
  }

  /** Whether all values are right at first sight. Those of a record that is not plain want a closer look, and may be right. */
  get isPlain(): boolean {
    return this.#isPlain && this.end(letters.name) > this.start(letters.name);
  }

  /** Where the value of a field begins; -1 when the record has no such field. */
  start(letter: number): number {
    const start = this.#starts[letter] ?? -1;
    return start > this.#start && start <= this.#end ? start : -1;
  }

  /** Where the value of a field ends; -1 when the record has no such field. */
  end(letter: number): number {
    return this.start(letter) < 0 ? -1 : (this.#ends[letter] ?? -1);
  }

  /** The value of a field; "" when there is none. */
  text(letter: number): string {
    const start = this.start(letter);
    return start < 0 ? '' : this.#bytes.toString('utf8', start, this.end(letter));
  }

  /** Where a line ends whose second byte is no colon: the letter of an unknown field may be of several bytes. */
  #endOfOther(at: number, line: number): number {
    const found = this.#bytes.indexOf(newline, at);
    const end = found < 0 ? this.#bytes.length : found;
    if (end - at > lineBytesMax) throw tooLong(line);
    const text = this.#bytes.toString('utf8', at, end);
    if (text.charCodeAt(1) === colon) return end;
    throw indexInvalid(`line ${line} is not a field: "${shorten(text)}"`);
  }
}

function tooLong(line: number): Error {
  return indexInvalid(`line ${line} is longer than ${lineBytesMax} bytes`);
}

function isChecksumAt(bytes: Uint8Array, start: number): boolean {
  const last = start + checksumLength - 1;
  if (bytes[start] !== letterQ || bytes[start + 1] !== digitOne || bytes[last] !== equals)
    return false;
  for (let at = start + 2; at < last; at += 1)
    if (((kinds[bytes[at] ?? 0] ?? 0) & base64) === 0) return false;
  return true;
}
