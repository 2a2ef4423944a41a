import type { ComposedBlob } from './composed.ts';
import { packLimit } from './errors.ts';
import { packLimits } from './packs.ts';

/** Throws `BLOB_PACK_LIMIT` when these are more, or more of one thing, than `putMany` takes. */
export function checkPackLimits(blobs: readonly ComposedBlob[]): void {
  if (blobs.length > packLimits.blobsMax)
    throw packLimit('blobs', blobs.length, packLimits.blobsMax);
  const segments = new Set<string>();
  for (const blob of blobs) {
    const { parts } = blob;
    if (parts.length > packLimits.partsMax)
      throw packLimit('parts of a blob', parts.length, packLimits.partsMax);
    const inlineBytes = inlineBytesOf(blob);
    if (inlineBytes > packLimits.inlineBytesMax)
      throw packLimit('bytes of a blob', inlineBytes, packLimits.inlineBytesMax);
    for (const part of parts) if (!(part instanceof Uint8Array)) segments.add(part.blob);
  }
  if (segments.size > packLimits.segmentsMax)
    throw packLimit('blobs with segments', segments.size, packLimits.segmentsMax);
}

/** Whether `putMany` takes the blob, by itself: others are put as bytes. */
export function fitsPack(blob: ComposedBlob): boolean {
  const { inlineBytesMax, partsMax } = packLimits;
  return blob.parts.length <= partsMax && inlineBytesOf(blob) <= inlineBytesMax;
}

function inlineBytesOf({ parts }: ComposedBlob): number {
  return parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : 0), 0);
}
