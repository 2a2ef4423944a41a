import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';
import { promisify } from 'node:util';
import { combineCrc } from './crc.ts';
import { memberHeader, memberTrailer } from './member.ts';
import type { GzipOptions } from './member.ts';
import { lastBlock, segmentedHeader, separator } from './segmented.ts';

/**
 * A part of a deflate stream (RFC 1951) that ends at a byte boundary, is not the last one, and refers to nothing before it:
 * segments may be put after one another in any order, and compressed once be used in any member.
 */
export interface DeflateSegment {
  readonly bytes: Uint8Array;
  /** Of the content. */
  readonly sizeBytes: number;
  /** CRC-32 of the content. */
  readonly crc: number;
}

const deflateAtHand = promisify<Uint8Array, object, Buffer>(deflateRaw);

/** Compresses content at hand into a segment, in a thread of the pool: the same content and level give the same bytes. */
export async function deflateSegment(
  content: Uint8Array,
  options: GzipOptions = {},
): Promise<DeflateSegment> {
  const bytes = await deflateAtHand(content, engineOptions(content, options));
  return { bytes, sizeBytes: content.length, crc: crc32(content) };
}

/** The same in this thread. */
export function deflateSegmentNow(content: Uint8Array, options: GzipOptions = {}): DeflateSegment {
  const bytes = deflateRawSync(content, engineOptions(content, options));
  return { bytes, sizeBytes: content.length, crc: crc32(content) };
}

function engineOptions(content: Uint8Array, { level = 6 }: GzipOptions): ZlibOptions {
  // Few and fitting buffers: what they are does not show in the bytes.
  const chunkSize = Math.min(Math.max(content.length >> 1, 1024), 512 * 1024);
  return { level, finishFlush: constants.Z_SYNC_FLUSH, chunkSize };
}

export interface SegmentedMemberOptions {
  /** Whether readers can take the segments out again: see `MemberSegment`. */
  readonly separable?: boolean;
}

/** Exactly one gzip member (RFC 1952) whose content is that of the segments, which are copied as they are. */
export async function* segmentedMember(
  segments: AsyncIterable<DeflateSegment> | Iterable<DeflateSegment>,
  { separable = false }: SegmentedMemberOptions = {},
): AsyncGenerator<Uint8Array> {
  let crc = 0;
  let sizeBytes = 0;
  yield separable ? segmentedHeader() : memberHeader();
  for await (const segment of segments) {
    crc = combineCrc(crc, segment.crc, segment.sizeBytes);
    sizeBytes += segment.sizeBytes;
    yield segment.bytes;
    if (separable) yield separator;
  }
  yield lastBlock;
  yield memberTrailer(crc, sizeBytes);
}
