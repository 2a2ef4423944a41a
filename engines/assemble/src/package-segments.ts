import type { LayerCompression } from './compression.ts';
import { packagePieces, pieceContent } from './layer-pieces.ts';
import type { PackageData } from './layer-pieces.ts';
import { cachedSegment, segmentKey } from './segment-cache.ts';
import type { SegmentCache } from './segment-cache.ts';

export interface PackageSegmentsOptions {
  readonly compression: LayerCompression;
  readonly segments: SegmentCache;
  /** Content that is gone through; what comes after it is left to the first layer with it. Default 1 GiB. */
  readonly bytesMax?: number;
}

const contentBytesMax = 2 ** 30;

/**
 * Gives the cache every segment that a layer takes from it of a package's files. One is
 * made after the other: it takes no more than a CPU, and no more memory than a piece. Returns the bytes of content gone through.
 * Throws what reading the members does.
 */
export async function makePackageSegments(
  data: PackageData,
  { compression, segments, bytesMax = contentBytesMax }: PackageSegmentsOptions,
): Promise<number> {
  let done = 0;
  for await (const piece of packagePieces(data)) {
    if (done + piece.sizeBytes > bytesMax) break;
    done += piece.sizeBytes;
    if (segmentKey(piece, compression) === undefined) continue;
    const content = await pieceContent(piece);
    await cachedSegment({ content, source: piece.source }, { compression, segments });
  }
  return done;
}
