import { crc32 } from 'node:zlib';
import type { LayerCompression, LayerSegment } from './compression.ts';
import type { LayerPiece } from './layer-pieces.ts';
import type { SegmentMemory } from './package-contents.ts';

/** Compressed parts of packages' files, by what they are parts of. A store may forget any of them. */
export interface SegmentCache {
  /** What was kept, whole, or undefined. */
  get(key: string): Promise<LayerSegment | undefined>;
  /** Keeps a segment, or does not: an image does not depend on it. */
  put(key: string, segment: LayerSegment): Promise<void>;
}

export interface CachedSegmentOptions {
  readonly compression: LayerCompression;
  readonly segments?: SegmentCache;
}

/** The segment of a piece: the cache's where it has the right one, else a new one, which it is given. Releases the piece. */
export async function cachedSegment(
  piece: LayerPiece,
  options: CachedSegmentOptions,
): Promise<LayerSegment> {
  try {
    return await segmentOf(piece, options);
  } finally {
    piece.release?.();
  }
}

/** What a segment is kept under; undefined where nobody will ask for it again. */
export function segmentKey(
  { source }: LayerPiece,
  { format }: LayerCompression,
): string | undefined {
  return source === undefined ? undefined : `${format} ${source}`;
}

/** The form that the package of a piece has it in; undefined where it has none in this compression. */
export async function packagedSegment(
  { content, known }: LayerPiece,
  { name }: LayerCompression,
  memory: SegmentMemory,
): Promise<LayerSegment | undefined> {
  const segment = name === 'gzip' ? await known?.(memory) : undefined;
  return segment?.sizeBytes === content.length && segment.crc === crc32(content)
    ? segment
    : undefined;
}

async function segmentOf(
  piece: LayerPiece,
  { compression, segments }: CachedSegmentOptions,
): Promise<LayerSegment> {
  const { content } = piece;
  const known = await packagedSegment(piece, compression, (sizeBytes) =>
    Buffer.allocUnsafeSlow(sizeBytes),
  );
  if (known !== undefined) return known;
  const key = segmentKey(piece, compression);
  if (segments === undefined || key === undefined) return compression.segment(content);
  const before = await segments.get(key);
  // A segment may have been made of a damaged file, which is noticed only at the end of that file.
  if (before?.sizeBytes === content.length && before.crc === crc32(content)) return before;
  const segment = await compression.segment(content);
  await segments.put(key, segment);
  return segment;
}
