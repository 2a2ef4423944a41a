import { crc32, inflateRawSync } from 'node:zlib';
import { bufferOf } from '@kiln/base';
import { corrupt, tooLarge, truncated } from './limits.ts';
import { pieceBytesMax } from './pieces.ts';

/**
 * A member of segments that can be taken out again one by one, as they are: its header has the extra field `Kn` (RFC 1952,
 * 2.3.1.1) with the version 1, and behind each segment comes an empty stored block (RFC 1951, 3.2.4). Since a segment ends with
 * such a block too, its end is nine bytes that do not come by chance. To whoever does not know it is a member as any other.
 */
const extraField = Uint8Array.of(5, 0, 'K'.charCodeAt(0), 'n'.charCodeAt(0), 1, 0, 1);

/** What comes behind each segment. */
export const separator: Uint8Array = Uint8Array.of(0, 0, 0, 0xff, 0xff);

/** The last four bytes of a segment. */
const syncMarkBytes = 4;
const endMark = Buffer.concat([Uint8Array.of(0, 0, 0xff, 0xff), separator]);

/** An empty last block with fixed codes: what ends the stream behind the segments. */
export const lastBlock: Uint8Array = Uint8Array.of(0x03, 0x00);

const flagExtra = 4;

/** The header of a member of segments. */
export function segmentedHeader(): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x1f, 0x8b, 8, flagExtra, 0, 0, 0, 0, 0, 0xff), extraField]);
}

/** Whether a header, whole, says that its member is made of segments. */
export function isSegmentedHeader(header: Uint8Array): boolean {
  return Buffer.compare(header, segmentedHeader()) === 0;
}

/** Whether a member that begins so is made of segments. */
export function isSegmentedMember(start: Uint8Array): boolean {
  return isSegmentedHeader(start.subarray(0, segmentedHeader().length));
}

/** A segment of a member that was read, and what it is of. */
export interface MemberSegment {
  /** Where its bytes begin in the input. */
  readonly offset: number;
  /** Of its bytes. */
  readonly sizeBytes: number;
  /** CRC-32 of its bytes. */
  readonly bytesCrc: number;
  /** Where its content begins in the member's. */
  readonly contentOffset: number;
  readonly contentSizeBytes: number;
  /** CRC-32 of its content. */
  readonly crc: number;
}

/** A segment at the start of an input, and its content. */
export interface ReadSegment {
  /** Without what comes behind it. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** Bytes that a segment may have: what compression makes longer, and room. */
const segmentBytesMax = pieceBytesMax + 128 * 1024;
/** Content that is no more compressed may have the end of a segment in it: that of a package in a package. */
const endsMax = 128;

/** Bytes from which on `readSegment` does not ask for more. */
export const segmentInputBytes: number = segmentBytesMax + endMark.length;

/** Whether the segments end here, and not another one begins. Of two bytes or more. */
export function isEnd(bytes: Uint8Array): boolean {
  return bytes[0] === lastBlock[0] && bytes[1] === lastBlock[1];
}

/**
 * The segment at the start of `bytes`; undefined when more bytes are needed. A segment is one that stands for itself: what
 * inflates without what is before it, to its end, and is not the last block. Throws `GZIP_CORRUPT` where there is none, and
 * `GZIP_TOO_LARGE` for one of more content than any that is written.
 */
export function readSegment(bytes: Uint8Array, isWhole: boolean): ReadSegment | undefined {
  const input = bufferOf(bytes);
  let from = 0;
  for (let count = 0; count < endsMax; count += 1) {
    const at = input.indexOf(endMark, from);
    if (at === -1 || at + syncMarkBytes > segmentBytesMax) {
      if (at === -1 && !isWhole && bytes.length < segmentInputBytes) return undefined;
      throw isWhole && at === -1 ? truncated() : corrupt('a segment does not end');
    }
    const segment = bytes.subarray(0, at + syncMarkBytes);
    const content = contentOf(segment);
    if (content !== undefined) return { bytes: segment, content };
    from = at + 1;
  }
  throw corrupt('a segment does not end');
}

/** Memory for a segment and the block that shows where it ends. */
let scratch: Buffer | undefined;

/** Undefined for what is no whole segment. */
function contentOf(segment: Uint8Array): Uint8Array | undefined {
  scratch ??= Buffer.allocUnsafeSlow(segmentBytesMax + lastBlock.length);
  scratch.set(segment, 0);
  scratch.set(lastBlock, segment.length);
  const input = scratch.subarray(0, segment.length + lastBlock.length);
  try {
    // With `info` the engine tells how many bytes the stream took; the types do not know it.
    const { buffer, engine } = inflateRawSync(input, {
      info: true,
      maxOutputLength: pieceBytesMax,
      chunkSize: Math.min(Math.max(16 * 1024, 4 * segment.length), pieceBytesMax + 1),
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === input.length ? buffer : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge('a segment has more content than allowed');
    return undefined;
  }
}

/** The facts about a segment that was read at a place. */
export function segmentFacts(
  { bytes, content }: ReadSegment,
  { offset, contentOffset }: { readonly offset: number; readonly contentOffset: number },
): MemberSegment {
  return {
    offset,
    sizeBytes: bytes.length,
    bytesCrc: crc32(bytes),
    contentOffset,
    contentSizeBytes: content.length,
    crc: crc32(content),
  };
}
