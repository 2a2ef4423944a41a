import { createHash } from 'node:crypto';
import type { Digest } from '@kiln/base';
import { digestFromHex } from '@kiln/base';

/** A range of a stored blob, with its bytes at hand: what many composed blobs have in common. */
export interface BlobSegment {
  /** A blob that is itself stored as bytes, and not composed. */
  readonly blob: Digest;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** The bytes of the range. Nobody may change them. */
  readonly bytes: Uint8Array;
}

export type BlobPart = Uint8Array | BlobSegment;

/** A blob as the parts that it is joined of. Made by `composeBlob`, which hashed them. */
export interface ComposedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly parts: readonly BlobPart[];
}

/** The bytes of a part. */
export function partBytes(part: BlobPart): Uint8Array {
  return part instanceof Uint8Array ? part : part.bytes;
}

/** All of a stored blob as a segment. */
export function wholeSegment(blob: Digest, bytes: Uint8Array): BlobSegment {
  return { blob, start: 0, end: bytes.length, bytes };
}

/** Hashes the parts in their order, without joining them. They must not change afterwards. */
export function composeBlob(parts: readonly BlobPart[]): ComposedBlob {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const part of parts) {
    const bytes = partBytes(part);
    hash.update(bytes);
    sizeBytes += bytes.length;
  }
  return { digest: digestFromHex(hash.digest('hex')), sizeBytes, parts };
}
