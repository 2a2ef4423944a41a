import { collect, inParts } from '@kiln/base';
import { collectedBytesMax, pieceBytesMax, pieceBytesMin } from '@kiln/gzip';
import { endOfArchive, paddedSize, printHeader, wrongContentLength } from '@kiln/tar';
import type { TarEntry, TarMember } from '@kiln/tar';
import type { OrderedEntry } from './layer.ts';
import { shipperOf } from './node.ts';
import type { StoredPart } from './package-contents.ts';

/** The archive of a layer, not compressed. */
export async function* layerArchive(
  entries: AsyncIterable<OrderedEntry> | Iterable<OrderedEntry>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of layerPieces(entries)) yield await pieceContent(piece);
}

/** A part of a layer's archive that is compressed for itself. */
export interface LayerPiece {
  /** What it is put together from, in order. */
  readonly chunks: readonly PieceChunk[];
  readonly sizeBytes: number;
  /** What the content is, where it is a part of a package's file: the package's data and where it is in them. */
  readonly source: string | undefined;
}

/** Bytes at hand, or such that are read when they are needed. */
export type PieceChunk = Uint8Array | StoredPart;

/** The content of a piece. Throws as `StoredPart.read`. */
export async function pieceContent({ chunks, sizeBytes }: LayerPiece): Promise<Uint8Array> {
  const [only] = chunks;
  if (only instanceof Uint8Array && chunks.length === 1) return only;
  const content = Buffer.allocUnsafeSlow(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    const end = at + chunkSize(chunk);
    if (chunk instanceof Uint8Array) content.set(chunk, at);
    else await chunk.read(content.subarray(at, end));
    at = end;
  }
  return content;
}

/** In bytes. */
export const chunkSize = (chunk: PieceChunk): number =>
  chunk instanceof Uint8Array ? chunk.length : chunk.sizeBytes;

/**
 * Cuts the archive of a layer (ustar with PAX, two zero blocks at the end) into pieces: parts of large contents, as packages cut them, each
 * part of a content that has parts, and what lies between, collected, for each directory of the root anew, so that a change in one
 * leaves the pieces of the others. Where it is cut depends on the entries
 * alone. Nothing is read of contents that are read in parts when they are needed; others are streamed: no more than a piece is
 * held. Throws `TAR_CONTENT_LENGTH`.
 */
export async function* layerPieces(
  entries: AsyncIterable<OrderedEntry> | Iterable<OrderedEntry>,
): AsyncGenerator<LayerPiece> {
  const collected = new Collected();
  let top: string | undefined;
  for await (const one of entries) {
    const { entry } = one;
    const { sizeBytes, path } = entry;
    const [first] = path.split('/', 1);
    if (first !== top) yield* collected.take();
    top = first;
    yield* collected.add(printHeader(entry));
    const { parts } = one;
    if (parts !== undefined) {
      yield* collected.take();
      for (const content of parts) if (content.length > 0) yield pieceOf(content);
    } else if (sizeBytes >= pieceBytesMin) {
      yield* collected.take();
      yield* contentPieces(entry, sourceOf(one), storedParts(one) ?? inPieces(one.open(), entry));
    } else if (sizeBytes > 0)
      for (const chunk of await smallContent(one)) yield* collected.add(chunk);
    const padding = paddedSize(sizeBytes) - sizeBytes;
    if (padding > 0) yield* collected.add(zeros.subarray(0, padding));
  }
  yield* collected.add(endOfArchive);
  yield* collected.take();
}

const zeros = new Uint8Array(512);

const pieceOf = (chunk: PieceChunk, source?: string): LayerPiece => ({
  chunks: [chunk],
  sizeBytes: chunkSize(chunk),
  source,
});

/** What belongs to no piece of its own. */
class Collected {
  #chunks: PieceChunk[] = [];
  #sizeBytes = 0;

  *add(chunk: PieceChunk): Generator<LayerPiece> {
    const size = chunkSize(chunk);
    if (this.#sizeBytes + size > collectedBytesMax) yield* this.take();
    this.#chunks.push(chunk);
    this.#sizeBytes += size;
  }

  *take(): Generator<LayerPiece> {
    if (this.#sizeBytes === 0) return;
    const [chunks, sizeBytes] = [this.#chunks, this.#sizeBytes];
    this.#chunks = [];
    this.#sizeBytes = 0;
    yield { chunks, sizeBytes, source: undefined };
  }
}

/** In parts that were kept, of a content that was not changed. */
function storedParts(one: OrderedEntry): readonly StoredPart[] | undefined {
  const { node } = one;
  if (node.type !== 'file') return undefined;
  const parts = shipperOf(node)?.parts?.(node.index);
  if (parts === undefined) return undefined;
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (sizeBytes !== one.sizeBytes) throw wrongContentLength(one.entry, sizeBytes);
  return parts;
}

async function smallContent(one: OrderedEntry): Promise<readonly PieceChunk[]> {
  const parts = storedParts(one);
  if (parts !== undefined) return parts;
  const { entry } = one;
  const content = one.open();
  const bytes =
    content instanceof Uint8Array
      ? content
      : await collect(content, pieceBytesMin, () => wrongContentLength(entry, pieceBytesMin));
  if (bytes.length !== entry.sizeBytes) throw wrongContentLength(entry, bytes.length);
  return [bytes];
}

async function* contentPieces(
  entry: TarEntry,
  source: string | undefined,
  parts: AsyncIterable<PieceChunk> | Iterable<PieceChunk>,
): AsyncGenerator<LayerPiece> {
  let number = 0;
  let left = entry.sizeBytes;
  for await (const part of parts) {
    left -= chunkSize(part);
    if (left < 0) throw wrongContentLength(entry, entry.sizeBytes - left);
    yield pieceOf(part, source === undefined ? undefined : `${source}/${number}`);
    number += 1;
  }
  if (left > 0) throw wrongContentLength(entry, entry.sizeBytes - left);
}

/** The data of a package as they come. */
export interface PackageData {
  /** `PackageInfo.dataHash`. */
  readonly dataHash: string;
  /** All members, in the order of the archive. */
  readonly members: AsyncIterable<TarMember>;
}

/** The pieces that `layerPieces` cuts out of a package's files, without what it collects. Throws `TAR_CONTENT_LENGTH`. */
export async function* packagePieces({
  dataHash,
  members,
}: PackageData): AsyncGenerator<LayerPiece> {
  if (dataHash === '') return;
  let index = 0;
  for await (const { entry, content } of members) {
    if (entry.type === 'file' && entry.sizeBytes >= pieceBytesMin)
      yield* contentPieces(entry, memberSource(dataHash, index), inPieces(content, entry));
    index += 1;
  }
}

/** The data of a package and the file in them; undefined for contents from elsewhere, and from packages that do not say. */
export function sourceOf({ node }: OrderedEntry): string | undefined {
  if (node.type !== 'file') return undefined;
  const dataHash = shipperOf(node)?.info.dataHash ?? '';
  return dataHash === '' ? undefined : memberSource(dataHash, node.index);
}

function memberSource(dataHash: string, index: number): string {
  return `${dataHash}/${index}`;
}

function inPieces(
  content: AsyncIterable<Uint8Array> | Uint8Array,
  { sizeBytes }: TarEntry,
): AsyncIterable<Uint8Array> {
  let left = sizeBytes;
  return inParts(content instanceof Uint8Array ? [content] : content, () => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(left, 1), pieceBytesMax));
    left -= buffer.length;
    return buffer;
  });
}
