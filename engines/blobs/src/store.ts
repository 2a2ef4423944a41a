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

export interface ReadBlobOptions {
  /**
   * `used again`: a chunk may be overwritten as soon as the chunk after the next is asked for, which spares memory where much is read;
   * default `new`.
   */
  readonly memory?: 'new' | 'used again';
}

/**
 * Bytes named by their SHA-256. A blob is visible whole or not at all; putting one that exists changes nothing.
 */
export interface BlobStore {
  /** The size of a blob, or undefined when it is absent. */
  stat(digest: Digest): Promise<BlobStat | undefined>;
  /**
   * As `stat`, and what is there counts as used now, as if it had been put: nobody collects it before the caller, who is
   * about to record its name, has had time to do so. Uses within `touchEveryMs` count as one.
   */
  touch(digest: Digest): Promise<BlobStat | undefined>;
  /** Streams a blob or a part of it. Throws `BLOB_UNKNOWN`. */
  read(digest: Digest, range?: ByteRange, options?: ReadBlobOptions): AsyncIterable<Uint8Array>;
  /** A small blob whole. Throws `BLOB_UNKNOWN`, or `BLOB_TOO_LARGE` above `limitBytes` (default 64 MiB). */
  bytes(digest: Digest, limitBytes?: number): Promise<Uint8Array>;
  /** Stores a stream; with `expected` another content throws `BLOB_DIGEST_MISMATCH` and nothing is kept. */
  put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat>;
  /** True when there was something to delete. */
  delete(digest: Digest): Promise<boolean>;
  /** Every blob, in no particular order. */
  list(): AsyncIterable<BlobStat>;
}

/** How old the last use of a blob has to be for another one to be written down: an hour. */
export const touchEveryMs: number = 60 * 60 * 1000;

/** Which blobs nobody needs. */
export interface CollectRequest {
  /** True for every blob that a record names; a blob of which it is not certain is kept. */
  readonly keeps: (digest: Digest) => boolean;
  /** Milliseconds since 1970: what was put or touched since then stays, whatever `keeps` says. */
  readonly unusedSince: number;
  /** Nothing is removed, only listed. */
  readonly dryRun: boolean;
}

/** A store whose unused blobs can be removed while others write to it. */
export interface CollectableBlobs extends BlobStore {
  /**
   * Removes blobs and lists them. A use that comes before a blob is gone saves it; one that comes after finds it absent.
   * So whoever touches or puts a blob and then records its name has it, when `keeps` knows all names that were recorded
   * at `unusedSince` or later, up to the call. Ended at any moment, it leaves no blob unreadable.
   */
  collect(request: CollectRequest): AsyncIterable<BlobStat>;
}
