import type { Digest } from '@kiln/base';
import { concatBytes, digestOf } from '@kiln/base';
import {
  blobBytesLimitDefault,
  blobDigestMismatch,
  blobTooLarge,
  blobUnknown,
  clampRange,
} from './errors.ts';
import type { BlobStat, BlobStore, ByteRange } from './store.ts';

/** What one chunk of a streamed read holds at most. */
const chunkBytes = 64 * 1024;

/** A blob store in memory, for tests and for work that fits in it. Holds copies: callers may reuse their buffers. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<Digest, Uint8Array>();

  stat(digest: Digest): Promise<BlobStat | undefined> {
    const bytes = this.#blobs.get(digest);
    return Promise.resolve(bytes && { digest, sizeBytes: bytes.length });
  }

  async *read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array> {
    const bytes = this.#get(digest);
    const { start, end } = clampRange(range, bytes.length);
    for (let at = start; at < end; at += chunkBytes) {
      yield bytes.slice(at, Math.min(end, at + chunkBytes));
    }
  }

  async bytes(digest: Digest, limitBytes: number = blobBytesLimitDefault): Promise<Uint8Array> {
    const bytes = this.#get(digest);
    if (bytes.length > limitBytes) throw blobTooLarge(digest, bytes.length, limitBytes);
    return bytes.slice();
  }

  async put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat> {
    const bytes = source instanceof Uint8Array ? Uint8Array.from(source) : await copyAll(source);
    const digest = digestOf(bytes);
    if (expected !== undefined && expected !== digest) throw blobDigestMismatch(expected, digest);
    if (!this.#blobs.has(digest)) this.#blobs.set(digest, bytes);
    return { digest, sizeBytes: bytes.length };
  }

  delete(digest: Digest): Promise<boolean> {
    return Promise.resolve(this.#blobs.delete(digest));
  }

  async *list(): AsyncIterable<BlobStat> {
    for (const [digest, bytes] of this.#blobs) yield { digest, sizeBytes: bytes.length };
  }

  #get(digest: Digest): Uint8Array {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw blobUnknown(digest);
    return bytes;
  }
}

async function copyAll(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
  return Uint8Array.from(concatBytes(chunks));
}
