import { isAscii } from 'node:buffer';
import { bufferOf } from '@kiln/base';
import { corrupt, unsafePath } from './errors.ts';

export const blockSizeBytes = 512;

export type FieldName =
  | 'name'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'size'
  | 'mtime'
  | 'checksum'
  | 'type'
  | 'linkName'
  | 'magic'
  | 'userName'
  | 'groupName'
  | 'deviceMajor'
  | 'deviceMinor'
  | 'prefix';

/** Where the fields of a ustar header lie: offset and size in bytes (IEEE Std 1003.1, pax, "ustar Interchange Format"). */
export const fields: Readonly<Record<FieldName, readonly [number, number]>> = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
};

export function fieldBytes(block: Uint8Array, field: FieldName): Uint8Array {
  const [offset, size] = fields[field];
  return block.subarray(offset, offset + size);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 text; other bytes throw `TAR_UNSAFE_PATH`, since a name that changes when decoded names another file. */
export function decodeText(bytes: Uint8Array): string {
  if (isAscii(bytes)) return bufferOf(bytes).toString('latin1');
  try {
    return decoder.decode(bytes);
  } catch {
    throw unsafePath(Buffer.from(bytes).toString('latin1'), 'is not UTF-8');
  }
}

/** A text field up to its first NUL. */
export function textField(block: Uint8Array, field: FieldName): string {
  const bytes = fieldBytes(block, field);
  const end = bytes.indexOf(0);
  return decodeText(end === -1 ? bytes : bytes.subarray(0, end));
}

/** An octal or base-256 number. Throws `TAR_CORRUPT` when it is neither, or passes 2^53. */
export function numberField(block: Uint8Array, field: FieldName): number {
  const bytes = fieldBytes(block, field);
  const first = bytes[0] ?? 0;
  if ((first & 0x80) !== 0) return base256(bytes, field);
  let at = 0;
  while (bytes[at] === space) at += 1;
  let value = 0;
  for (; isOctal(bytes[at]); at += 1) value = value * 8 + (bytes[at] ?? 0) - zero;
  const end = bytes[at];
  if (end === undefined || end === space || end === 0) return value;
  throw corrupt(`tar header has no number in its ${field} field`);
}

const space = 0x20;
const zero = 0x30;
const isOctal = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= zero && byte < zero + 8;

function base256(bytes: Uint8Array, field: FieldName): number {
  const negative = ((bytes[0] ?? 0) & 0x40) !== 0;
  let value = BigInt((bytes[0] ?? 0) & 0x3f) - (negative ? 64n : 0n);
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw corrupt(`tar header has too large a number in its ${field} field`);
  return number;
}

/** The sum of a header's bytes with the checksum field read as spaces. */
export function headerSum(block: Uint8Array): number {
  let sum = spacesSum;
  for (let i = 0; i < checksumStart; i += 1) sum += block[i] ?? 0;
  for (let i = checksumEnd; i < blockSizeBytes; i += 1) sum += block[i] ?? 0;
  return sum;
}

/** As old writers have it, to whom bytes have signs. */
export function signedHeaderSum(block: Uint8Array): number {
  let sum = headerSum(block);
  for (let i = 0; i < blockSizeBytes; i += 1)
    if ((i < checksumStart || i >= checksumEnd) && (block[i] ?? 0) >= 0x80) sum -= 256;
  return sum;
}

const [checksumStart, checksumBytes] = fields.checksum;
const checksumEnd = checksumStart + checksumBytes;
const spacesSum = space * checksumBytes;

/** The size of content with its padding to whole blocks. */
export function paddedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockSizeBytes) * blockSizeBytes;
}
