import { crc32 } from 'node:zlib';
import { KilnError, trimmed } from '@kiln/base';
import { isXz } from '@kiln/xz';
import type { FileEntry } from '../tree.ts';
import {
  fileStream,
  gunzipped,
  headOf,
  linesAfter,
  offsetOf,
  pieceStream,
  unxzipped,
  unzstd,
  type ByteStream,
} from './byte-stream.ts';
import type { Dialect } from './subject.ts';
import { linuxSection } from './unified-image.ts';

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
      : await unlessBroken(() => firstName(gunzipped(image, packed), banner, dialect));
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
  const whole = (stream: ByteStream): Promise<{ readonly name: string | undefined } | undefined> =>
    unlessBroken(() => nameOfWhole(stream, vermagic, dialect));
  if (startsWith(start, gzipMagic)) return (await whole(gunzipped(content)))?.name;
  if (isXz(start) && isXzHeader(start)) return (await whole(unxzipped(content)))?.name;
  const unpacked = startsWith(start, zstdMagic) ? await whole(unzstd(content)) : undefined;
  return unpacked === undefined ? firstName(content, vermagic, dialect) : unpacked.name;
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
  const start = Buffer.from(await file.range(0, gzipMagic.length));
  if (startsWith(start, gzipMagic)) return sound(gunzipped(fileStream(file)));
  const section = await linuxSection(file);
  return section === undefined ? fileStream(file) : pieceStream(file, section.offset, section.size);
}

/** What is not sound to its end fails at once. */
async function sound(stream: ByteStream): Promise<ByteStream> {
  for await (const chunk of stream.open(0)) void chunk;
  return stream;
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
