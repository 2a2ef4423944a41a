import type { Clock, Digest } from '@kiln/base';
import { concatBytes, digestOf, systemClock } from '@kiln/base';
import {
  blobBytesLimitDefault,
  blobDigestMismatch,
  blobTooLarge,
  blobUnknown,
  clampRange,
  segmentInvalid,
} from './errors.ts';
import { checkPackLimits } from './check-pack.ts';
import type { ComposedBlob } from './composed.ts';
import { partBytes } from './composed.ts';
import type { BlobPacks } from './packs.ts';
import type { BlobStat, ByteRange, CollectRequest, CollectableBlobs } from './store.ts';

/** What one chunk of a streamed read holds at most. */
const chunkBytes = 64 * 1024;

/** A blob store in memory, for tests and for work that fits in it. Holds copies: callers may reuse their buffers. */
export class MemoryBlobs implements CollectableBlobs, BlobPacks {
  readonly #blobs = new Map<Digest, Uint8Array>();
  /** When each was used last. */
  readonly #used = new Map<Digest, number>();
  /** What the composed ones have segments of. */
  readonly #references = new Map<Digest, readonly Digest[]>();
  readonly #clock: Clock;

  constructor(options: { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  stat(digest: Digest): Promise<BlobStat | undefined> {
    const bytes = this.#blobs.get(digest);
    return Promise.resolve(bytes && { digest, sizeBytes: bytes.length });
  }

  touch(digest: Digest): Promise<BlobStat | undefined> {
    if (this.#blobs.has(digest)) this.#used.set(digest, this.#clock.now());
    return this.stat(digest);
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
    this.#used.set(digest, this.#clock.now());
    return { digest, sizeBytes: bytes.length };
  }

  delete(digest: Digest): Promise<boolean> {
    this.#references.delete(digest);
    return Promise.resolve(this.#blobs.delete(digest));
  }

  async *list(): AsyncIterable<BlobStat> {
    for (const [digest, bytes] of this.#blobs) yield { digest, sizeBytes: bytes.length };
  }

  async putMany(blobs: readonly ComposedBlob[]): Promise<void> {
    checkPackLimits(blobs);
    for (const { parts } of blobs)
      for (const part of parts) {
        if (part instanceof Uint8Array) continue;
        if (this.#references.has(part.blob))
          throw segmentInvalid(part, part.blob, 'the blob is composed itself');
        const held = this.#blobs.get(part.blob)?.subarray(part.start, part.end);
        if (held === undefined) throw segmentInvalid(part, part.blob, 'no such blob');
        this.#used.set(part.blob, this.#clock.now());
        if (held.length !== part.end - part.start || Buffer.compare(held, part.bytes) !== 0)
          throw segmentInvalid(part, part.blob, 'other bytes are stored');
      }
    for (const { digest, parts } of blobs) {
      this.#used.set(digest, this.#clock.now());
      if (this.#blobs.has(digest)) continue;
      this.#blobs.set(digest, Uint8Array.from(concatBytes(parts.map(partBytes))));
      const referred = parts.flatMap((part) => (part instanceof Uint8Array ? [] : [part.blob]));
      if (referred.length > 0) this.#references.set(digest, [...new Set(referred)]);
    }
  }

  lookUp(): Promise<void> {
    return Promise.resolve();
  }

  async references(digest: Digest): Promise<readonly Digest[]> {
    this.#get(digest);
    return this.#references.get(digest) ?? [];
  }

  async *collect({ keeps, unusedSince, dryRun }: CollectRequest): AsyncIterable<BlobStat> {
    const stays = (digest: Digest): boolean =>
      keeps(digest) || (this.#used.get(digest) ?? 0) >= unusedSince;
    const staying = [...this.#blobs.keys()].filter(stays);
    const held = new Set(staying.flatMap((digest) => this.#references.get(digest) ?? []));
    for (const [digest, { length: sizeBytes }] of this.#blobs) {
      if (stays(digest) || held.has(digest)) continue;
      if (!dryRun) {
        this.#blobs.delete(digest);
        this.#references.delete(digest);
      }
      yield { digest, sizeBytes };
    }
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
