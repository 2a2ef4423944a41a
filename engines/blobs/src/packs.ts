import type { Digest } from '@kiln/base';
import type { ComposedBlob } from './composed.ts';

/** Bounds of one `putMany`. */
export interface PackLimits {
  readonly blobsMax: number;
  /** Parts of one blob. */
  readonly partsMax: number;
  /** Bytes of one blob that are not in segments. */
  readonly inlineBytesMax: number;
  /** Distinct blobs that the segments of all lie in. */
  readonly segmentsMax: number;
}

export const packLimits: PackLimits = {
  blobsMax: 16_384,
  partsMax: 65_536,
  inlineBytesMax: 1024 * 1024,
  segmentsMax: 65_536,
};

/** Stores many small and composed blobs at once; they are read through the `BlobStore` of the same store. */
export interface BlobPacks {
  /**
   * Stores blobs durably, all or none; those that exist, or are given twice, are stored once. A segment is checked
   * against the store the first time it is seen: throws `BLOB_SEGMENT_INVALID` when its blob is absent, composed or holds
   * other bytes there, and `BLOB_PACK_LIMIT` above `packLimits`. Digests are those that `composeBlob` found.
   */
  putMany(blobs: readonly ComposedBlob[]): Promise<void>;
  /** Looks up together where blobs are that are read next. Those that are absent are passed over. */
  lookUp(digests: readonly Digest[]): Promise<void>;
  /**
   * The blobs that a blob has segments of, each once, in no particular order; none for a blob stored as bytes. As long
   * as it is to be read they must stay. Throws `BLOB_UNKNOWN`.
   */
  references(digest: Digest): Promise<readonly Digest[]>;
}
