import { createHash } from 'node:crypto';
import { KilnError, compareBytes, inOrder, shorten } from '@kiln/base';
import { deflateSegment, segmentLevel, segmentedMember } from '@kiln/gzip';
import type { DeflateSegment } from '@kiln/gzip';
import type { TarEntry, TarMember } from '@kiln/tar';
import { dataPieces } from './data-pieces.ts';

/** The PAX record with the SHA-1 of a file's content or of a symbolic link's target, in hexadecimal. */
export const checksumRecord = 'APK-TOOLS.checksum.SHA1';

/** A member of a package to be. */
export interface DataFile {
  /** Without checksum record; extended attributes as `SCHILY.xattr.<name>` records. */
  readonly entry: TarEntry;
  /** SHA-1 of a file's content, where it is known already; it is verified while the content is written. */
  readonly sha1Hex?: string | undefined;
  /**
   * The content of a file, from its start each time: the checksum goes before the content, so a file of unknown SHA-1
   * is read twice. Not called for anything but files.
   */
  open(): AsyncIterable<Uint8Array> | Uint8Array;
}

/** Segments that are made beside each other. */
const aheadMax = 4;

/**
 * The compressed data segment of an apk v2 package: exactly one gzip member with the archive and its end. Members come
 * in walk order (see `compareWalk`), a directory before what it holds, each once, a hard link after its file. It is made of parts
 * that layers of images take as they are (see `MemberSegment`).
 * Throws `APK_DATA_ORDER` otherwise, `APK_CONTENT_CHANGED` when content is not what it was.
 */
export function dataSegment(
  files: AsyncIterable<DataFile> | Iterable<DataFile>,
): AsyncGenerator<Uint8Array> {
  const compress = (piece: Uint8Array): Promise<DeflateSegment> =>
    deflateSegment(piece, { level: segmentLevel });
  const segments = inOrder(dataPieces(dataMembers(files)), { work: compress, aheadMax });
  return segmentedMember(segments, { separable: true });
}

/** The members of the data segment with their checksum records, before they are archived and compressed. */
export async function* dataMembers(
  files: AsyncIterable<DataFile> | Iterable<DataFile>,
): AsyncGenerator<TarMember> {
  const sums = new Map<string, string>();
  let previous: string | undefined;
  for await (const file of files) {
    const { entry } = file;
    if (previous !== undefined && compareWalk(previous, entry.path) >= 0) {
      throw new KilnError(
        'APK_DATA_ORDER',
        `"${shorten(entry.path)}" comes after "${shorten(previous)}"`,
      );
    }
    previous = entry.path;
    const sha1Hex = await checksum(file, sums);
    if (sha1Hex !== undefined && entry.type !== 'symlink') sums.set(entry.path, sha1Hex);
    const content = entry.type === 'file' ? unchanged(file, sha1Hex ?? '') : new Uint8Array(0);
    yield { entry: withChecksum(entry, sha1Hex), content };
  }
}

/**
 * The order of a depth-first walk in which the children of each directory are sorted bytewise: by path, component by
 * component, so that all of `a/` comes before `a-b`.
 */
export function compareWalk(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  for (let i = 0; i < left.length && i < right.length; i++) {
    const order = compareBytes(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Files, hard links and symbolic links have one; directories and devices none. */
async function checksum(
  file: DataFile,
  sums: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const { entry } = file;
  switch (entry.type) {
    case 'file':
      return file.sha1Hex ?? (await sha1Of(file.open()));
    case 'symlink':
      return createHash('sha1').update(entry.linkTarget).digest('hex');
    case 'hardlink': {
      const sum = sums.get(entry.linkTarget);
      if (sum !== undefined) return sum;
      throw new KilnError(
        'APK_DATA_ORDER',
        `hard link "${shorten(entry.path)}" comes before its file`,
      );
    }
    case 'char':
    case 'block':
    case 'directory':
    case 'fifo':
      return undefined;
  }
}

async function sha1Of(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of content instanceof Uint8Array ? [content] : content) hash.update(chunk);
  return hash.digest('hex');
}

function withChecksum(entry: TarEntry, sha1Hex: string | undefined): TarEntry {
  if (sha1Hex === undefined) return entry;
  return { ...entry, pax: new Map([...entry.pax, [checksumRecord, Buffer.from(sha1Hex)]]) };
}

async function* unchanged(file: DataFile, sha1Hex: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha1');
  const content = file.open();
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== sha1Hex) {
    throw new KilnError(
      'APK_CONTENT_CHANGED',
      `"${shorten(file.entry.path)}" changed while it was packaged`,
    );
  }
}
