import type { TarEntry, TarEntryType } from './entry.ts';
import { corrupt, tooLarge, unsafePath } from './errors.ts';
import {
  blockSizeBytes,
  decodeText,
  fieldBytes,
  headerSum,
  numberField,
  signedHeaderSum,
  textField,
} from './fields.ts';
import type { TarLimits } from './limits.ts';
import { normalPath } from './path.ts';
import type { PaxRecords } from './pax.ts';
import { KilnError } from '@kiln/base';

/** What the blocks before a header said: PAX records by key, GNU long names. */
export interface Overrides {
  readonly records: PaxRecords;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

const types: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** Records that become fields of the entry, or say nothing that a builder keeps. */
const absorbed = new Set([
  'path',
  'linkpath',
  'uname',
  'gname',
  'uid',
  'gid',
  'size',
  'mtime',
  'atime',
  'ctime',
]);

export function typeFlag(block: Uint8Array): string {
  return String.fromCharCode(...fieldBytes(block, 'type'));
}

export function isZeroBlock(block: Uint8Array): boolean {
  // Most headers begin with a name.
  return block[0] === 0 && block.every((byte) => byte === 0);
}

/** Throws `TAR_CORRUPT` when the block is no header. */
export function verifyChecksum(block: Uint8Array): void {
  const written = numberField(block, 'checksum');
  const isRight = written === headerSum(block) || written === signedHeaderSum(block);
  if (block.length !== blockSizeBytes || !isRight)
    throw corrupt('tar header checksum does not match');
}

/**
 * The entry that a header block and what came before it describe. Its path is "" for the root directory itself.
 * Throws `TAR_CORRUPT`, `TAR_UNSAFE_PATH`, `TAR_TOO_LARGE` or `TAR_TYPE_UNSUPPORTED`.
 */
export function parseEntry(block: Uint8Array, overrides: Overrides, limits: TarLimits): TarEntry {
  const { records } = overrides;
  const rawPath = overrides.longName ?? text(records, 'path') ?? headerPath(block);
  const rawTarget = overrides.longLink ?? text(records, 'linkpath') ?? textField(block, 'linkName');
  for (const name of [rawPath, rawTarget]) {
    if (Buffer.byteLength(name) > limits.pathBytesMax) throw tooLarge('tar path is too long');
  }
  const type = entryType(block, rawPath);
  const path = normalPath(rawPath);
  if (path === '' && type !== 'directory') throw unsafePath(rawPath, 'names no file');
  const device = type === 'char' || type === 'block';
  return {
    path,
    ...(rawPath.includes('/') && !path.includes('/') ? { hasSlash: true as const } : {}),
    type,
    mode: numberField(block, 'mode') & 0o7777,
    uid: count(records, 'uid') ?? natural(numberField(block, 'uid'), 'uid'),
    gid: count(records, 'gid') ?? natural(numberField(block, 'gid'), 'gid'),
    userName: text(records, 'uname') ?? textField(block, 'userName'),
    groupName: text(records, 'gname') ?? textField(block, 'groupName'),
    sizeBytes: contentSize(block, records, type),
    mtimeSeconds: time(records) ?? numberField(block, 'mtime'),
    linkTarget: linkTarget(type, path, rawTarget),
    deviceMajor: device ? natural(numberField(block, 'deviceMajor'), 'device') : 0,
    deviceMinor: device ? natural(numberField(block, 'deviceMinor'), 'device') : 0,
    pax: new Map([...records].filter(([key]) => !absorbed.has(key))),
  };
}

/** Old writers marked a directory by a trailing slash alone. */
function entryType(block: Uint8Array, path: string): TarEntryType {
  const flag = typeFlag(block);
  const type = types[flag];
  if (type === undefined) {
    throw new KilnError(
      'TAR_TYPE_UNSUPPORTED',
      `tar member type ${JSON.stringify(flag)} is not supported`,
    );
  }
  return type === 'file' && flag === '\0' && path.endsWith('/') ? 'directory' : type;
}

/** Only POSIX headers have a prefix; GNU headers keep times there. */
function headerPath(block: Uint8Array): string {
  const magic = Buffer.from(fieldBytes(block, 'magic')).toString('latin1');
  const name = textField(block, 'name');
  const prefix = magic.startsWith('ustar\0') ? textField(block, 'prefix') : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Only files have content. Readers differ about a link with a size, so one is refused. */
function contentSize(block: Uint8Array, records: PaxRecords, type: TarEntryType): number {
  const size = count(records, 'size') ?? natural(numberField(block, 'size'), 'size');
  if (type !== 'file' && size !== 0) throw corrupt(`tar ${type} has content`);
  return size;
}

function linkTarget(type: TarEntryType, path: string, target: string): string {
  if (type !== 'hardlink' && type !== 'symlink') return '';
  if (target.includes('\0')) throw unsafePath(path, 'links to a name with NUL');
  const kept = type === 'hardlink' ? normalPath(target) : target;
  if (kept === '') throw unsafePath(path, 'links to nothing');
  return kept;
}

function text(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  return value === undefined ? undefined : decodeText(value);
}

function count(records: PaxRecords, key: string): number | undefined {
  const value = text(records, key);
  if (value === undefined) return undefined;
  if (!/^[0-9]{1,16}$/.test(value)) throw corrupt(`tar record ${key} is not a number`);
  return natural(Number(value), key);
}

function natural(value: number, what: string): number {
  if (value < 0 || !Number.isSafeInteger(value)) throw corrupt(`tar ${what} is out of range`);
  return value;
}

/** Fractions are rounded, a half up; digits behind nanoseconds do not count. */
function time(records: PaxRecords): number | undefined {
  const value = text(records, 'mtime');
  if (value === undefined) return undefined;
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw corrupt('tar record mtime is not a time');
  const isNegative = match[1] === '-';
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  const isUp = isNegative ? nanoseconds > 5e8 : nanoseconds >= 5e8;
  const seconds = Number(match[2]) + (isUp ? 1 : 0);
  return isNegative && seconds !== 0 ? -seconds : seconds;
}
