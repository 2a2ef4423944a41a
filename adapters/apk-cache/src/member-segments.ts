import { pieceBytesMin } from '@kiln/gzip';
import type { MemberSegment } from '@kiln/gzip';
import type { PlacedEntry } from '@kiln/tar';
import { contentParts } from './part-sums.ts';
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
    for (const { start, sizeBytes: contentSizeBytes } of contentParts(entry.sizeBytes)) {
      const found = byPlace.get(offset + start);
      if (found?.contentSizeBytes !== contentSizeBytes) return [];
      const { offset: from, sizeBytes, bytesCrc } = found;
      parts.push({ offset: from, sizeBytes, bytesCrc });
    }
    return [[index, parts] as const];
  });
}
