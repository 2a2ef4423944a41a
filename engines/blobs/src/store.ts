import type { Digest } from '@kiln/base';

export interface BlobStat {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Half-open byte range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes named by their SHA-256. A blob is visible whole or not at all; putting one that exists changes nothing.
 */
export interface BlobStore {
  /** The size of a blob, or undefined when it is absent. */
  stat(digest: Digest): Promise<BlobStat | undefined>;
  /** Streams a blob or a part of it. Throws `BLOB_UNKNOWN`. */
  read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** A small blob whole. Throws `BLOB_UNKNOWN`, or `BLOB_TOO_LARGE` above `limitBytes` (default 64 MiB). */
  bytes(digest: Digest, limitBytes?: number): Promise<Uint8Array>;
  /** Stores a stream; with `expected` another content throws `BLOB_DIGEST_MISMATCH` and nothing is kept. */
  put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat>;
  /** True when there was something to delete. */
  delete(digest: Digest): Promise<boolean>;
  /** Every blob, in no particular order. */
  list(): AsyncIterable<BlobStat>;
}
