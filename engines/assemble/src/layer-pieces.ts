import { endOfArchive, paddedSize, printHeader, wrongContentLength } from '@kiln/tar';
import type { OrderedEntry } from './layer.ts';

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
}

/**
 * Contents from this size on are pieces of their own, in parts of 1 MiB; so is each part of a content that has parts. What lies
 * between is collected, for each directory of the root anew, so that a change in one leaves the pieces of the others.
 */
const ownPieceBytesMin = 16 * 1024;
const pieceBytesMax = 1024 * 1024;
/** Headers, padding and small contents are collected up to this size. */
const collectedBytesMax = 256 * 1024;

/**
 * Cuts the archive of a layer (ustar with PAX, two zero blocks at the end) into pieces. Where it is cut depends on the entries
 * alone. Contents are streamed: no more than a piece is held. Throws `TAR_CONTENT_LENGTH`.
 */
export async function* layerPieces(
  entries: AsyncIterable<OrderedEntry> | Iterable<OrderedEntry>,
): AsyncGenerator<LayerPiece> {
  const collected = new Collected();
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
    } else if (sizeBytes >= ownPieceBytesMin) {
      yield* collected.take();
      yield* contentPieces(one);
    } else if (sizeBytes > 0) yield* collected.add(await smallContent(one));
    const padding = paddedSize(sizeBytes) - sizeBytes;
    if (padding > 0) yield* collected.add(new Uint8Array(padding));
  }
  yield* collected.add(endOfArchive);
  yield* collected.take();
}

/** What belongs to no piece of its own. */
class Collected {
  #buffer = Buffer.allocUnsafeSlow(collectedBytesMax);
  #size = 0;

  /** At most `collectedBytesMax` bytes. */
  *add(bytes: Uint8Array): Generator<LayerPiece> {
    if (this.#size + bytes.length > collectedBytesMax) yield* this.take();
    if (bytes.length > collectedBytesMax) {
      yield { content: bytes, source: undefined };
      return;
    }
    this.#buffer.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  *take(): Generator<LayerPiece> {
    if (this.#size === 0) return;
    const content = this.#buffer.subarray(0, this.#size);
    this.#buffer = Buffer.allocUnsafeSlow(collectedBytesMax);
    this.#size = 0;
    yield { content, source: undefined };
  }
}

async function smallContent(one: OrderedEntry): Promise<Uint8Array> {
  const content = one.open();
  if (content instanceof Uint8Array && content.length === one.entry.sizeBytes) return content;
  for await (const piece of cut(one, content)) return piece;
  return new Uint8Array(0);
}

async function* contentPieces(one: OrderedEntry): AsyncGenerator<LayerPiece> {
  const source = sourceOf(one);
  let part = 0;
  for await (const content of cut(one, one.open())) {
    yield { content, source: source === undefined ? undefined : `${source}/${part}` };
    part += 1;
  }
}

/** The data of a package and the file in them; undefined for contents from elsewhere, and from packages that do not say. */
export function sourceOf({ node }: OrderedEntry): string | undefined {
  if (node.type !== 'file' || node.content.kind !== 'member') return undefined;
  const { package: contents, index } = node.content;
  return contents.info.dataHash === '' ? undefined : `${contents.info.dataHash}/${index}`;
}

/** The content in pieces of equal size, but for the last. */
async function* cut(
  { entry }: OrderedEntry,
  content: AsyncIterable<Uint8Array> | Uint8Array,
): AsyncGenerator<Uint8Array> {
  let left = entry.sizeBytes;
  let piece = Buffer.allocUnsafeSlow(Math.min(left, pieceBytesMax));
  let filled = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    if (chunk.length > left) throw wrongContentLength(entry, entry.sizeBytes - left + chunk.length);
    left -= chunk.length;
    for (let offset = 0; offset < chunk.length;) {
      const part = chunk.subarray(offset, offset + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      offset += part.length;
      if (filled < piece.length) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(Math.min(left + chunk.length - offset, pieceBytesMax));
      filled = 0;
    }
  }
  if (left > 0) throw wrongContentLength(entry, entry.sizeBytes - left);
}
