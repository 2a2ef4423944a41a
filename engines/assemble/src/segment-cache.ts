import { crc32 } from 'node:zlib';
import type { LayerCompression, LayerSegment } from './compression.ts';
import type { StoredPart } from './package-contents.ts';

/** Compressed parts of packages' files, by what they are parts of. A store may forget any of them. */
export interface SegmentCache {
  /** What was kept, whole, or undefined. */
  get(key: string): Promise<LayerSegment | undefined>;
  /** Keeps a segment, or does not: an image does not depend on it. */
  put(key: string, segment: LayerSegment): Promise<void>;
}

export interface CachedSegmentOptions {
  readonly compression: LayerCompression;
  readonly segments?: SegmentCache | undefined;
}

/** A content, and what is known of it. */
export interface SegmentContent {
  readonly content: Uint8Array;
  /** See `LayerPiece`. */
  readonly source: string | undefined;
  readonly part?: StoredPart | undefined;
}

/** What a segment is kept under; undefined where nobody will ask for it again, or to make it anew takes less than a file. */
export function segmentKey(
  { source, sizeBytes }: { readonly source: string | undefined; readonly sizeBytes: number },
  { format, keptBytesMin }: LayerCompression,
): string | undefined {
  return source === undefined || sizeBytes < keptBytesMin ? undefined : `${format} ${source}`;
}

/** The segment of a content: its package's or the cache's where they have the right one, else a new one, which the cache is given. */
export async function cachedSegment(
  one: SegmentContent,
  { compression, segments }: CachedSegmentOptions,
): Promise<LayerSegment> {
  const { content, source, part } = one;
  const packaged =
    compression.name === 'gzip' ? part?.readSegment(Buffer.allocUnsafeSlow) : undefined;
  if (packaged !== undefined && isOf(packaged, content)) return packaged;
  const key = segmentKey({ source, sizeBytes: content.length }, compression);
  if (segments === undefined || key === undefined) return compression.segment(content);
  const before = await segments.get(key);
  // A segment may have been made of a damaged file, which is noticed only when that is read.
  if (before !== undefined && isOf(before, content)) return before;
  const segment = await compression.segment(content);
  await segments.put(key, segment);
  return segment;
}

function isOf({ sizeBytes, crc }: LayerSegment, content: Uint8Array): boolean {
  return sizeBytes === content.length && crc === crc32(content);
}
