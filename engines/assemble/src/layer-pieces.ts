import { collect, inParts } from '@kiln/base';
import { collectedBytesMax, pieceBytesMax, pieceBytesMin } from '@kiln/gzip';
import { endOfArchive, paddedSize, printHeader, wrongContentLength } from '@kiln/tar';
import type { TarEntry, TarMember } from '@kiln/tar';
import type { LayerSegment } from './compression.ts';
import type { OrderedEntry } from './layer.ts';
import type { SegmentMemory } from './package-contents.ts';

/** The archive of a layer, not compressed. */
export async function* layerArchive(
  entries: AsyncIterable<OrderedEntry> | Iterable<OrderedEntry>,
): AsyncGenerator<Uint8Array> {
  for await (const { content } of layerPieces(entries)) yield content;
}

/** A part of a layer's archive that is compressed for itself. */
export interface LayerPiece {
  readonly content: Uint8Array;
  /** What the content is, where it is a part of a package's file: the package's data and where it is in them. */
  readonly source: string | undefined;
  /** Its compressed form in gzip, where the package has it. */
  readonly known?: (memory: SegmentMemory) => Promise<LayerSegment | undefined>;
  /** To be called, where it is there, when the content is not needed any more: its memory serves another piece then. */
  readonly release?: () => void;
}

/**
 * Buffers of one size for pieces, used again and again, since collecting many large ones costs more than filling them. Their memory
 * can be shared with threads.
 */
export class PieceBuffers {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.from(new SharedArrayBuffer(pieceBytesMax));
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}

/**
 * Cuts the archive of a layer (ustar with PAX, two zero blocks at the end) into pieces: parts of large contents, as packages cut them, each
 * part of a content that has parts, and what lies between, collected, for each directory of the root anew, so that a change in one
 * leaves the pieces of the others. Where it is cut depends on the entries
 * alone. Contents are streamed: no more than a piece is held. `given` are buffers for who releases every piece. Throws
 * `TAR_CONTENT_LENGTH`.
 */
export async function* layerPieces(
  entries: AsyncIterable<OrderedEntry> | Iterable<OrderedEntry>,
  given?: PieceBuffers,
): AsyncGenerator<LayerPiece> {
  const collected = new Collected(given);
  const buffers = given ?? new PieceBuffers();
  let top: string | undefined;
  for await (const one of entries) {
    const { sizeBytes, path } = one.entry;
    const [first] = path.split('/', 1);
    if (first !== top) yield* collected.take();
    top = first;
    yield* collected.add(printHeader(one.entry));
    if (one.parts !== undefined) {
      yield* collected.take();
      for (const content of one.parts) if (content.length > 0) yield { content, source: undefined };
    } else if (sizeBytes >= pieceBytesMin) {
      yield* collected.take();
      yield* contentPieces(one.entry, originOf(one), filled(one, buffers));
    } else if (sizeBytes > 0) yield* collected.add(await smallContent(one));
    const padding = paddedSize(sizeBytes) - sizeBytes;
    if (padding > 0) yield* collected.add(new Uint8Array(padding));
  }
  yield* collected.add(endOfArchive);
  yield* collected.take();
}

/** What belongs to no piece of its own. */
class Collected {
  readonly #buffers: PieceBuffers | undefined;
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(buffers: PieceBuffers | undefined) {
    this.#buffers = buffers;
  }

  *add(bytes: Uint8Array): Generator<LayerPiece> {
    if (this.#sizeBytes + bytes.length > collectedBytesMax) yield* this.take();
    this.#chunks.push(bytes);
    this.#sizeBytes += bytes.length;
  }

  *take(): Generator<LayerPiece> {
    if (this.#sizeBytes === 0) return;
    const [chunks, sizeBytes] = [this.#chunks, this.#sizeBytes];
    this.#chunks = [];
    this.#sizeBytes = 0;
    const buffers = this.#buffers;
    // A header alone may be longer than a buffer.
    if (buffers === undefined || sizeBytes > pieceBytesMax) {
      yield { content: Buffer.concat(chunks), source: undefined };
      return;
    }
    const buffer = buffers.take();
    let at = 0;
    for (const chunk of chunks) {
      buffer.set(chunk, at);
      at += chunk.length;
    }
    const release = (): void => buffers.give(buffer);
    yield { content: buffer.subarray(0, at), source: undefined, release };
  }
}

async function smallContent({ entry, open }: OrderedEntry): Promise<Uint8Array> {
  const content = open();
  const bytes =
    content instanceof Uint8Array
      ? content
      : await collect(content, pieceBytesMin, () => wrongContentLength(entry, pieceBytesMin));
  if (bytes.length !== entry.sizeBytes) throw wrongContentLength(entry, bytes.length);
  return bytes;
}

/** Where the parts of a content come from. */
interface Origin {
  readonly source: string | undefined;
  readonly known?: (part: number, memory: SegmentMemory) => Promise<LayerSegment | undefined>;
}

function originOf(one: OrderedEntry): Origin {
  const { node } = one;
  const source = sourceOf(one);
  if (node.type !== 'file' || node.content.kind !== 'member') return { source };
  const { package: contents, index } = node.content;
  if (contents.segment === undefined) return { source };
  return { source, known: async (part, memory) => contents.segment?.(index, part, memory) };
}

async function* contentPieces(
  entry: TarEntry,
  { source, known }: Origin,
  contents: AsyncIterable<Filled>,
): AsyncGenerator<LayerPiece> {
  let part = 0;
  let left = entry.sizeBytes;
  for await (const { content, release } of contents) {
    left -= content.length;
    if (left < 0) throw wrongContentLength(entry, entry.sizeBytes - left);
    const piece = { content, source: source === undefined ? undefined : `${source}/${part}` };
    const number = part;
    yield known === undefined
      ? { ...piece, release }
      : { ...piece, release, known: (memory) => known(number, memory) };
    part += 1;
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
  const buffers = new PieceBuffers();
  let index = 0;
  for await (const { entry, content } of members) {
    if (entry.type === 'file' && entry.sizeBytes >= pieceBytesMin)
      yield* contentPieces(
        entry,
        { source: memberSource(dataHash, index) },
        inBuffers(buffers, (buffer) => full(content, buffer)),
      );
    index += 1;
  }
}

/** The data of a package and the file in them; undefined for contents from elsewhere, and from packages that do not say. */
export function sourceOf({ node }: OrderedEntry): string | undefined {
  if (node.type !== 'file' || node.content.kind !== 'member') return undefined;
  const { package: contents, index } = node.content;
  const { dataHash } = contents.info;
  return dataHash === '' ? undefined : memberSource(dataHash, index);
}

function memberSource(dataHash: string, index: number): string {
  return `${dataHash}/${index}`;
}

interface Filled {
  readonly content: Uint8Array;
  readonly release: () => void;
}

/** The content of a file in parts, of the package as it reads them best. */
function filled({ node, open }: OrderedEntry, buffers: PieceBuffers): AsyncGenerator<Filled> {
  const member = node.type === 'file' && node.content.kind === 'member' ? node.content : undefined;
  return inBuffers(
    buffers,
    (buffer) => member?.package.readInto?.(member.index, buffer) ?? full(open(), buffer),
  );
}

function full(
  content: AsyncIterable<Uint8Array> | Uint8Array,
  buffer: () => Uint8Array,
): AsyncIterable<Uint8Array> {
  return inParts(content instanceof Uint8Array ? [content] : content, buffer);
}

/** Parts in buffers of ours, each of which is free again when it is released. */
async function* inBuffers(
  buffers: PieceBuffers,
  parts: (buffer: () => Uint8Array) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Filled> {
  let buffer = buffers.take();
  for await (const content of parts(() => buffer)) {
    const taken = buffer;
    buffer = buffers.take();
    yield { content, release: () => buffers.give(taken) };
  }
  buffers.give(buffer);
}
