import { pieceBytesMax, pieceBytesMin } from '@kiln/gzip';
import type { MemberSegment } from '@kiln/gzip';
import type { PlacedEntry } from '@kiln/tar';
import type { CacheRecord, StoredSegment } from './record.ts';

/** Which of a package's segments are the parts of which member, as layers cut them; members that lack one have none. */
export function memberSegments(
  members: readonly PlacedEntry[],
  segments: readonly MemberSegment[],
): CacheRecord['segments'] {
  if (segments.length === 0) return [];
  const byPlace = new Map(segments.map((segment) => [segment.contentOffset, segment]));
  return members.flatMap(({ entry, offset }, index) => {
    if (entry.type !== 'file' || entry.sizeBytes < pieceBytesMin) return [];
    const parts: StoredSegment[] = [];
    for (let at = 0; at < entry.sizeBytes; at += pieceBytesMax) {
      const found = byPlace.get(offset + at);
      if (found?.contentSizeBytes !== Math.min(pieceBytesMax, entry.sizeBytes - at)) return [];
      const { offset: from, sizeBytes, bytesCrc } = found;
      parts.push({ offset: from, sizeBytes, bytesCrc });
    }
    return [[index, parts] as const];
  });
}
