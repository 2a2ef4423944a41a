import { inParts } from '@kiln/base';
import { collectedBytesMax, pieceBytesMax, pieceBytesMin } from '@kiln/gzip';
import { endOfArchive, paddedSize, printHeader, wrongContentLength } from '@kiln/tar';
import type { TarEntry, TarMember } from '@kiln/tar';

/**
 * Cuts the archive of members into pieces that are compressed for themselves: parts of large contents, as layers of images cut
 * them, and what lies between, collected. Contents are streamed. Throws `TAR_CONTENT_LENGTH`.
 */
export async function* dataPieces(members: AsyncIterable<TarMember>): AsyncGenerator<Uint8Array> {
  const collected = new Collected();
  for await (const { entry, content } of members) {
    const { sizeBytes } = entry;
    const chunks = content instanceof Uint8Array ? [content] : content;
    yield* collected.add(printHeader(entry));
    if (sizeBytes >= pieceBytesMin) {
      yield* collected.take();
      yield* parts(entry, chunks);
    } else {
      let size = 0;
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > sizeBytes) break;
        yield* collected.add(Buffer.from(chunk));
      }
      if (size !== sizeBytes) throw wrongContentLength(entry, size);
    }
    const padding = paddedSize(sizeBytes) - sizeBytes;
    if (padding > 0) yield* collected.add(new Uint8Array(padding));
  }
  yield* collected.add(endOfArchive);
  yield* collected.take();
}

class Collected {
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  *add(bytes: Uint8Array): Generator<Uint8Array> {
    if (this.#sizeBytes + bytes.length > collectedBytesMax) yield* this.take();
    // A header alone may be longer than a piece.
    for (let at = 0; at < bytes.length; at += pieceBytesMax) {
      const part = bytes.subarray(at, at + pieceBytesMax);
      this.#chunks.push(part);
      this.#sizeBytes += part.length;
      if (this.#sizeBytes >= pieceBytesMax) yield* this.take();
    }
  }

  *take(): Generator<Uint8Array> {
    if (this.#sizeBytes === 0) return;
    const piece = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#sizeBytes = 0;
    yield piece;
  }
}

/** The content in parts that are full, but for the last. */
async function* parts(
  entry: TarEntry,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let left = entry.sizeBytes;
  const buffer = (): Buffer => Buffer.allocUnsafeSlow(Math.min(Math.max(left, 1), pieceBytesMax));
  for await (const part of inParts(chunks, buffer)) {
    left -= part.length;
    if (left < 0) throw wrongContentLength(entry, entry.sizeBytes - left);
    yield part;
  }
  if (left > 0) throw wrongContentLength(entry, entry.sizeBytes - left);
}
