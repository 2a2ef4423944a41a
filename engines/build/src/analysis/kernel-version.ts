import { crc32 } from 'node:zlib';
import { KilnError } from '@kiln/base';
import { isXz } from '@kiln/xz';
import type { FileEntry } from '../tree.ts';
import { trimmed } from './blanks.ts';
import {
  fileStream,
  gunzipped,
  gzipMemberAt,
  headOf,
  linesAfter,
  offsetOf,
  pieceStream,
  unxzipped,
  unzstd,
  type ByteStream,
} from './byte-stream.ts';
import type { Dialect } from './subject.ts';

/** What a kernel calls itself, as far as it can be part of a name. */
function nameIn(line: string | undefined): string | undefined {
  return line === undefined || line === '' ? undefined : (/^[0-9A-Za-z._-]+/.exec(line)?.[0] ?? '');
}

const banner = 'Linux version ';

/**
 * The version of a Linux image: in the header of an x86 boot image, else in its banner, in what a gzip member inside
 * holds or plain; the image itself may be compressed with gzip or lie in a unified image (section `.linux`). Undefined
 * for every other file. The banner's format in the code of a kernel is no version, but melange takes the first one.
 */
export function imageVersion(file: FileEntry, dialect: Dialect): Promise<string | undefined> {
  return unlessBroken(async () => versionIn(await unwrapped(file), dialect));
}

async function versionIn(image: ByteStream, dialect: Dialect): Promise<string | undefined> {
  const header = nameIn(bootHeaderVersion(await headOf(image, bootHeaderBytes)));
  if (header !== undefined) return header;
  const packed = await offsetOf(image, gzipMagic);
  const inner =
    packed === undefined
      ? undefined
      : await unlessBroken(() => firstName(gzipMemberAt(image, packed), banner, dialect));
  return inner ?? firstName(image, banner, dialect);
}

/**
 * The version of the kernel that a module is for; modules may be compressed with gzip, Zstandard or xz. One whose header is not sound,
 * in Zstandard anything of it, is none.
 */
export async function moduleVersion(
  file: FileEntry,
  dialect: Dialect,
): Promise<string | undefined> {
  const start = Buffer.from(await file.range(0, headerBytesMax));
  const content = fileStream(file);
  const nameOf = (stream: ByteStream): Promise<string | undefined> =>
    unlessBroken(() => firstName(stream, vermagic, dialect));
  if (startsWith(start, gzipMagic)) return nameOf(gunzipped(content));
  if (isXz(start) && isXzHeader(start)) return nameOf(unxzipped(content));
  const whole = startsWith(start, zstdMagic)
    ? await unlessBroken(() => nameOfWhole(unzstd(content), vermagic, dialect))
    : undefined;
  return whole === undefined ? nameOf(content) : whole.name;
}

const vermagic = 'vermagic=';

/** Whether a stream header has its flags' CRC-32 behind them (The .xz File Format, 2.1.1). */
function isXzHeader(start: Buffer): boolean {
  return start.length >= 12 && crc32(start.subarray(6, 8)) === start.readUInt32LE(8);
}

const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const headerBytesMax = 12;

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.subarray(0, prefix.length).equals(prefix);
}

async function firstName(
  content: ByteStream,
  prefix: string,
  dialect: Dialect,
): Promise<string | undefined> {
  for await (const name of namesAfter(content, prefix, dialect)) return name;
  return undefined;
}

/** The same of what is read to its end, and so known to be sound. */
async function nameOfWhole(
  content: ByteStream,
  prefix: string,
  dialect: Dialect,
): Promise<{ readonly name: string | undefined }> {
  const names: (string | undefined)[] = [];
  for await (const name of namesAfter(content, prefix, dialect))
    if (names.length === 0) names.push(name);
  return { name: names[0] };
}

async function* namesAfter(
  content: ByteStream,
  prefix: string,
  dialect: Dialect,
): AsyncGenerator<string | undefined> {
  for await (const line of linesAfter(content, prefix)) {
    const name = nameIn(line);
    if (dialect === 'melange' || (name !== undefined && /^[0-9]/.test(name))) yield name;
  }
}

/** What is not sound inside a file says nothing of it; what the world does wrong is thrown on. */
async function unlessBroken<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof KilnError && /^(?:GZIP|XZ)_/.test(error.code)) return undefined;
    if (error instanceof Error && 'code' in error && /^Z(?:STD)?_/.test(String(error.code)))
      return undefined;
    throw error;
  }
}

async function unwrapped(file: FileEntry): Promise<ByteStream> {
  const start = Buffer.from(await file.range(0, unifiedHeadBytes));
  if (startsWith(start, gzipMagic)) return gunzipped(fileStream(file));
  const section = linuxSection(start);
  return section === undefined ? fileStream(file) : pieceStream(file, section.offset, section.size);
}

const bootHeaderBytes = 0x200 + 0xffff + 4096;

/** x86 boot protocol: `HdrS` at 0x202, and at 0x20e where the version text lies, less 0x200. */
function bootHeaderVersion(head: Buffer): string | undefined {
  if (head.length < 0x210 || head.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  const pointer = head.readUInt16LE(0x20e);
  if (pointer === 0) return undefined;
  const text = head.subarray(pointer + 0x200);
  const end = text.findIndex((byte) => byte === 0 || byte === 0x0a);
  return trimmed((end < 0 ? text : text.subarray(0, end)).toString());
}

const unifiedHeadBytes = 64 * 1024;

/** The section of a PE file that holds the kernel of a unified image. */
function linuxSection(
  head: Buffer,
): { readonly offset: number; readonly size: number } | undefined {
  if (head.length < 0x40 || head.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const header = head.readUInt32LE(0x3c);
  if (header + 24 > head.length || head.toString('latin1', header, header + 4) !== 'PE\0\0')
    return undefined;
  const table = header + 24 + head.readUInt16LE(header + 20);
  for (let index = 0; index < head.readUInt16LE(header + 6); index++) {
    const at = table + index * 40;
    if (at + 40 > head.length) return undefined;
    if (head.toString('latin1', at, at + 8).replace(/\0+$/, '') === '.linux')
      return { size: head.readUInt32LE(at + 16), offset: head.readUInt32LE(at + 20) };
  }
  return undefined;
}
