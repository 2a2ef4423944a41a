import { blockSizeBytes, fieldBytes, fields, numberField, paddedSize } from './fields.ts';
import type { FieldName } from './fields.ts';
import { typeFlag } from './entry-header.ts';

/** What a header is written as. */
export type HeaderFormat = 'ustar' | 'pax' | 'gnu';

const formats: readonly HeaderFormat[] = ['ustar', 'pax', 'gnu'];

/**
 * The format that all headers of a member keep to, as Go's reader tells, which writes it again as it was; undefined where there
 * is none, as with headers older than these. `headers` are all bytes between the content before and its own.
 */
export function headerFormat(headers: Uint8Array): HeaderFormat | undefined {
  let left = formats;
  for (let at = 0; at + blockSizeBytes <= headers.length;) {
    const block = headers.subarray(at, at + blockSizeBytes);
    const flag = typeFlag(block);
    const allowed = new Set(formatsOf(block, flag));
    left = left.filter((format) => allowed.has(format));
    at += blockSizeBytes + (flag in extensions ? paddedSize(numberField(block, 'size')) : 0);
    // What follows a header that is no extension is another member.
    if (!(flag in extensions) && at < headers.length) left = formats;
  }
  return left[0];
}

/** Global headers are members of their own to Go. */
const extensions: Readonly<Record<string, HeaderFormat>> = { x: 'pax', L: 'gnu', K: 'gnu' };

function formatsOf(block: Uint8Array, flag: string): readonly HeaderFormat[] {
  const extension = extensions[flag];
  const own = ownFormats(block);
  return extension === undefined ? own : own.filter((format) => format === extension);
}

const numbers: readonly FieldName[] = [
  'size',
  'mode',
  'uid',
  'gid',
  'mtime',
  'deviceMajor',
  'deviceMinor',
];

function ownFormats(block: Uint8Array): readonly HeaderFormat[] {
  const [start, size] = fields.magic;
  const magic = Buffer.from(block.subarray(start, start + size)).toString('latin1');
  if (magic === 'ustar  \0') return ['gnu'];
  const trailer = Buffer.from(block.subarray(-4)).toString('latin1');
  if (!magic.startsWith('ustar\0') || trailer === 'tar\0') return [];
  const isStrict =
    block.every((byte) => byte < 0x80) &&
    numbers.every((field) => fieldBytes(block, field).at(-1) === 0);
  return isStrict ? ['ustar', 'pax'] : [];
}
