import { concatBytes, compareBytes } from '@kiln/base';
import { corrupt } from './errors.ts';

/** Records of an extended header by key, values as raw bytes. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const space = 0x20;
const equals = 0x3d;
const newline = 0x0a;

/**
 * Reads `<length> <key>=<value>\n` records; the length counts the whole record. A repeated key takes its last value.
 * Throws `TAR_CORRUPT`.
 */
export function parsePax(bytes: Uint8Array): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let offset = 0; offset < bytes.length;) {
    const [key, value, size] = recordAt(bytes.subarray(offset));
    records.set(key, value);
    offset += size;
  }
  return records;
}

function recordAt(bytes: Uint8Array): [key: string, value: Uint8Array, size: number] {
  const lengthEnd = bytes.subarray(0, 12).indexOf(space);
  const size = natural(bytes.subarray(0, Math.max(lengthEnd, 0)));
  const keyEnd = bytes.subarray(0, size).indexOf(equals, lengthEnd);
  const whole = size <= bytes.length && keyEnd > lengthEnd + 1 && bytes[size - 1] === newline;
  if (!whole) throw corrupt('tar extended header has a malformed record');
  const key = Buffer.from(bytes.subarray(lengthEnd + 1, keyEnd)).toString('utf8');
  return [key, bytes.slice(keyEnd + 1, size - 1), size];
}

/** A number in decimal digits that does not begin with 0; 0 for what is none. */
function natural(digits: Uint8Array): number {
  let value = 0;
  for (const byte of digits) {
    if (byte < 0x30 || byte > 0x39 || (value === 0 && byte === 0x30)) return 0;
    value = value * 10 + byte - 0x30;
  }
  return value;
}

/** Writes records in the byte order of their keys. */
export function printPax(records: PaxRecords): Uint8Array {
  const keys = [...records.keys()].sort(compareBytes);
  return concatBytes(keys.map((key) => printRecord(key, records.get(key) ?? new Uint8Array(0))));
}

function printRecord(key: string, value: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.of(newline)]);
  let size = body.length;
  while (size !== body.length + String(size).length) size = body.length + String(size).length;
  return Buffer.concat([Buffer.from(String(size)), body]);
}
