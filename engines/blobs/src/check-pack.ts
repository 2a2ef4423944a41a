import type { ComposedBlob } from './composed.ts';
import { packLimit } from './errors.ts';
import { packLimits } from './packs.ts';

/** Throws `BLOB_PACK_LIMIT` when these are more, or more of one thing, than `putMany` takes. */
export function checkPackLimits(blobs: readonly ComposedBlob[]): void {
  if (blobs.length > packLimits.blobsMax)
    throw packLimit('blobs', blobs.length, packLimits.blobsMax);
  const segments = new Set<string>();
  for (const { parts } of blobs) {
    if (parts.length > packLimits.partsMax)
      throw packLimit('parts of a blob', parts.length, packLimits.partsMax);
    let inlineBytes = 0;
    for (const part of parts)
      if (part instanceof Uint8Array) inlineBytes += part.length;
      else segments.add(part.blob);
    if (inlineBytes > packLimits.inlineBytesMax)
      throw packLimit('bytes of a blob', inlineBytes, packLimits.inlineBytesMax);
  }
  if (segments.size > packLimits.segmentsMax)
    throw packLimit('blobs with segments', segments.size, packLimits.segmentsMax);
}
