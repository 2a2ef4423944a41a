import { concatBytes } from '@kiln/base';
import type { TarEntry, TarEntryType } from './entry.ts';
import { unsafePath } from './errors.ts';
import { blockSizeBytes, fields, headerSum, paddedSize } from './fields.ts';
import type { FieldName } from './fields.ts';
import type { HeaderFormat } from './header-format.ts';
import { printPax } from './pax.ts';

/** The type flags of the format. */
export const typeFlags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const octalMax = { 8: 0o7777777, 12: 0o77777777777 } as const;

/**
 * The header of a member in the canonical dialect: one ustar block, preceded by a PAX header where the entry has
 * PAX records or something that ustar cannot hold. Long ASCII paths are split into prefix and name when that suffices.
 * Throws `TAR_UNSAFE_PATH` for a NUL in a text.
 */
export function printHeader(entry: TarEntry): Uint8Array {
  const needed = recordsFor(entry);
  const split = needed.has('path') ? splitPath(entry.path) : { prefix: '', name: entry.path };
  const others = needed.size - (needed.has('path') ? 1 : 0);
  if (others > 0 || split === undefined) return printPaxHeader(entry, needed);
  const header = zeroed(blockSizeBytes);
  putRealHeader(header, entry, split);
  return header;
}

function printPaxHeader(entry: TarEntry, needed: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const body = printPax(needed);
  const end = blockSizeBytes + paddedSize(body.length);
  const header = zeroed(end + blockSizeBytes);
  putPaxHeader(header.subarray(0, blockSizeBytes), entry.path, body.length);
  header.set(body, blockSizeBytes);
  putRealHeader(header.subarray(end), entry, { prefix: '', name: entry.path });
  return header;
}

/** Small ones are parts of larger memory. */
function zeroed(sizeBytes: number): Buffer {
  return Buffer.allocUnsafe(sizeBytes).fill(0);
}

/**
 * The header of a member in one format: `ustar` is one block; `pax` has a path in records that a block would hold in two parts;
 * `gnu` has long names before the block, and numbers in base 256. Undefined where the format does not hold the entry.
 */
export function printHeaderAs(format: HeaderFormat, entry: TarEntry): Uint8Array | undefined {
  if (format === 'gnu') return printGnuHeader(entry);
  const needed = recordsFor(entry);
  if (format === 'pax' && needed.size > 0) return printPaxHeader(entry, needed);
  const header = printHeader(entry);
  return header.length === blockSizeBytes ? header : undefined;
}

function printGnuHeader(entry: TarEntry): Uint8Array | undefined {
  const isHeld =
    entry.pax.size === 0 &&
    Buffer.byteLength(entry.userName) <= fields.userName[1] &&
    Buffer.byteLength(entry.groupName) <= fields.groupName[1];
  if (!isHeld) return undefined;
  const block = zeroed(blockSizeBytes);
  putReal(block, entry, { prefix: '', name: '' });
  putBytes(block, 'name', entry.path);
  putBytes(block, 'linkName', entry.linkTarget);
  putBytes(block, 'userName', entry.userName);
  putBytes(block, 'groupName', entry.groupName);
  for (const [field, value] of [
    ['uid', entry.uid],
    ['gid', entry.gid],
    ['size', entry.sizeBytes],
    ['mtime', entry.mtimeSeconds],
  ] as const)
    putGnuNumber(block, field, value);
  seal(block, typeFlags[entry.type], gnuMagic);
  return concatBytes([
    ...gnuLongName('L', entry.path, fields.name[1]),
    ...gnuLongName('K', entry.linkTarget, fields.linkName[1]),
    block,
  ]);
}

function gnuLongName(flag: 'L' | 'K', text: string, limit: number): readonly Uint8Array[] {
  const bytes = Buffer.from(`${text}\0`);
  if (bytes.length - 1 <= limit) return [];
  const block = zeroed(blockSizeBytes);
  putExtension(block, '././@LongLink', bytes.length);
  seal(block, flag, gnuMagic);
  return [block, bytes, zeroed(paddedSize(bytes.length) - bytes.length)];
}

/** The bytes a member takes in an archive: headers, content and padding. */
export function memberSize(entry: TarEntry): number {
  return printHeader(entry).length + paddedSize(entry.sizeBytes);
}

/** The PAX records of an entry, with those for fields that the block cannot hold. */
function recordsFor(entry: TarEntry): Map<string, Uint8Array> {
  const records = new Map(entry.pax);
  const text = (key: string, value: string, limit: number): void => {
    if (value.includes('\0')) throw unsafePath(value, 'contains NUL');
    if (value.length > limit || !isAscii(value)) records.set(key, Buffer.from(value));
  };
  const number = (key: string, value: number, max: number): void => {
    if (value < 0 || value > max) records.set(key, Buffer.from(String(value)));
  };
  text('path', entry.path, fields.name[1]);
  text('linkpath', entry.linkTarget, fields.linkName[1]);
  text('uname', entry.userName, fields.userName[1]);
  text('gname', entry.groupName, fields.groupName[1]);
  number('uid', entry.uid, octalMax[8]);
  number('gid', entry.gid, octalMax[8]);
  number('size', entry.sizeBytes, octalMax[12]);
  number('mtime', entry.mtimeSeconds, octalMax[12]);
  return records;
}

/** Splits at the last slash that leaves at most 155 bytes before it, when 100 at most follow. */
function splitPath(path: string): { prefix: string; name: string } | undefined {
  if (!isAscii(path)) return undefined;
  const slash = path.slice(0, fields.prefix[1] + 1).lastIndexOf('/');
  const name = path.slice(slash + 1);
  const fits = slash > 0 && name.length > 0 && name.length <= fields.name[1];
  return fits ? { prefix: path.slice(0, slash), name } : undefined;
}

function putRealHeader(
  block: Buffer,
  entry: TarEntry,
  place: { prefix: string; name: string },
): void {
  putReal(block, entry, place);
  seal(block, typeFlags[entry.type]);
}

function putReal(block: Buffer, entry: TarEntry, place: { prefix: string; name: string }): void {
  putText(block, 'name', place.name);
  putText(block, 'prefix', place.prefix);
  putNumber(block, 'mode', entry.mode);
  putNumber(block, 'uid', entry.uid);
  putNumber(block, 'gid', entry.gid);
  putNumber(block, 'size', entry.sizeBytes);
  putNumber(block, 'mtime', entry.mtimeSeconds);
  putText(block, 'linkName', entry.linkTarget);
  putText(block, 'userName', entry.userName);
  putText(block, 'groupName', entry.groupName);
  putNumber(block, 'deviceMajor', entry.deviceMajor);
  putNumber(block, 'deviceMinor', entry.deviceMinor);
}

/** Named after the member it describes, with single slashes; everything in it but the size is zero. */
function putPaxHeader(block: Buffer, path: string, sizeBytes: number): void {
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, slash + 1).replaceAll(/\/+/g, '/');
  const name = ascii(`${folder}PaxHeaders.0/${path.slice(slash + 1)}`);
  putExtension(block, name, sizeBytes);
  seal(block, 'x');
}

function putExtension(block: Buffer, name: string, sizeBytes: number): void {
  putText(block, 'name', name.slice(0, fields.name[1]).replace(/\/+$/, ''));
  for (const field of ['mode', 'uid', 'gid', 'mtime'] as const) putNumber(block, field, 0);
  putNumber(block, 'size', sizeBytes);
}

const posixMagic = 'ustar\0' + '00';
const gnuMagic = 'ustar  \0';

function seal(block: Buffer, typeFlag: string, magic: string = posixMagic): void {
  putAscii(block, fields.type[0], typeFlag);
  putAscii(block, fields.magic[0], magic);
  const [offset] = fields.checksum;
  putOctal(block, { offset, digits: 6 }, headerSum(block));
  block[offset + 7] = 0x20;
}

/** Most texts are shorter than it takes to have them written elsewhere. */
function putAscii(block: Buffer, offset: number, text: string): void {
  for (let i = 0; i < text.length; i += 1) block[offset + i] = text.charCodeAt(i);
}

/** ASCII, cut to the field. A cut that would end in a slash loses it, or old readers would see a directory. */
function putText(block: Buffer, field: FieldName, text: string): void {
  if (text === '') return;
  const [offset, size] = fields[field];
  const plain = ascii(text);
  const cut =
    plain.length > size && plain[size - 1] === '/'
      ? plain.slice(0, size).replace(/\/+$/, '')
      : plain.slice(0, size);
  putAscii(block, offset, cut);
}

/** Zero-padded octal and NUL; a number that does not fit is in the PAX records and 0 here. */
function putNumber(block: Buffer, field: FieldName, value: number): void {
  const [offset, size] = fields[field];
  const digits = size - 1;
  const fits = value >= 0 && value < 8 ** digits;
  putOctal(block, { offset, digits }, fits ? value : 0);
}

function putOctal(
  block: Buffer,
  { offset, digits }: { readonly offset: number; readonly digits: number },
  value: number,
): void {
  let left = value;
  for (let at = offset + digits - 1; at >= offset; at -= 1) {
    block[at] = 0x30 + (left % 8);
    left = Math.floor(left / 8);
  }
}

/** As it is, cut to the field. */
function putBytes(block: Buffer, field: FieldName, text: string): void {
  const [offset, size] = fields[field];
  const bytes = Buffer.from(text);
  const cut = bytes.subarray(0, size);
  const isOpen = bytes.length > size && cut.at(-1) === slash;
  cut.copy(block, offset, 0, isOpen ? cut.findLastIndex((byte) => byte !== slash) + 1 : undefined);
}

const slash = 0x2f;

/** Octal, or base 256 in two's complement where that does not hold the number. */
function putGnuNumber(block: Buffer, field: FieldName, value: number): void {
  const [offset, size] = fields[field];
  if (value >= 0 && value < 8 ** (size - 1)) return putNumber(block, field, value);
  let left = BigInt(value);
  for (let at = offset + size - 1; at >= offset; at -= 1) {
    block[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  block[offset] = (block[offset] ?? 0) | 0x80;
}

function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}

function ascii(text: string): string {
  return isAscii(text) ? text : text.replace(/\P{ASCII}/gu, '');
}
