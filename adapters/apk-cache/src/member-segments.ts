import { pieceBytesMin } from '@kiln/gzip';
import type { MemberSegment } from '@kiln/gzip';
import type { CachedMember } from './members.ts';
import { contentParts } from './part-sums.ts';
import type { CacheRecord, StoredSegment } from './record.ts';

/** Which of a package's segments are the parts of which member, as layers cut them; members that lack one have none. */
export function memberSegments(
  members: Iterable<CachedMember>,
  segments: readonly MemberSegment[],
): CacheRecord['segments'] {
  if (segments.length === 0) return [];
  const byPlace = new Map(segments.map((segment) => [segment.contentOffset, segment]));
  const found: CacheRecord['segments'][number][] = [];
  for (const { index, entry, offset } of members) {
    if (entry.type !== 'file' || entry.sizeBytes < pieceBytesMin) continue;
    const parts = contentParts(entry.sizeBytes).map(({ start, sizeBytes }) => {
      const segment = byPlace.get(offset + start);
      return segment?.contentSizeBytes === sizeBytes ? stored(segment) : undefined;
    });
    if (parts.every((part) => part !== undefined)) found.push([index, parts]);
  }
  return found;
}

const stored = ({ offset, sizeBytes, bytesCrc }: MemberSegment): StoredSegment => ({
  offset,
  sizeBytes,
  bytesCrc,
});
