import { constants, inflateRawSync } from 'node:zlib';
import { headerSize } from './header.ts';
import { OutputBudget, corrupt, defaultGzipLimits, tooLarge, truncated } from './limits.ts';
import type { GzipLimits } from './limits.ts';
import { ContentCheck, trailerSizeBytes } from './member.ts';
import {
  isEnd,
  isSegmentedHeader,
  lastBlock,
  readSegment,
  segmentFacts,
  segmentInputBytes,
  separator,
} from './segmented.ts';
import type { MemberSegment } from './segmented.ts';

/** One member cut out of bytes at hand. */
export interface SplitMember {
  /** Where the member begins in the input. */
  readonly offset: number;
  /** The whole member as it was: header, deflate data and trailer. */
  readonly compressed: Uint8Array;
  readonly content: Uint8Array;
  /** Those that a member of segments is made of; their places are in the input. */
  readonly segments?: readonly MemberSegment[];
}

export interface SplitMembersOptions extends Partial<GzipLimits> {
  /** Told of each segment when it was read: memory that was taken for it alone is not needed any more. */
  readonly onSegment?: ((segment: MemberSegment) => void) | undefined;
}

/**
 * Finds the members of a gzip file by decompressing it, in order; an empty input has none.
 * For inputs that fit in memory; `readMembers` streams. Throws `GZIP_CORRUPT`, `GZIP_TRUNCATED` or `GZIP_TOO_LARGE`.
 */
export function splitMembers(
  bytes: Uint8Array,
  { onSegment, ...limits }: SplitMembersOptions = {},
): SplitMember[] {
  const bounds = { ...defaultGzipLimits, ...limits };
  const budget = new OutputBudget(bounds.outputBytesMax);
  const pieceBytes = lastContentSize(bytes) + 1;
  const members: SplitMember[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (members.length === bounds.membersMax) throw tooLarge('too many gzip members');
    const member = memberAt(bytes, { offset, bounds, budget, pieceBytes, onSegment });
    members.push(member);
    offset += member.compressed.length;
  }
  return members;
}

export interface FirstMemberOptions extends Partial<GzipLimits> {
  /** What the content of such a member mostly has no more of: memory for so much is taken at a time. */
  readonly usualBytes?: number;
}

/** The first member at the start of `bytes`; what follows it is not looked at. Throws as `splitMembers`. */
export function firstMember(bytes: Uint8Array, options: FirstMemberOptions = {}): SplitMember {
  const bounds = { ...defaultGzipLimits, ...options };
  if (bytes.length === 0) throw truncated();
  const budget = new OutputBudget(bounds.outputBytesMax);
  // Often there is no other, and the end of the input says how long its content is. Of an input that was cut it says anything.
  const pieceBytes =
    options.usualBytes ?? Math.min(lastContentSize(bytes) + 1, usualRatioMax * bytes.length);
  return memberAt(bytes, { offset: 0, bounds, budget, pieceBytes });
}

/**
 * The content of the first member as far as `inputBytes` of it tell, unchecked: for a look at what it may be. Throws
 * `GZIP_CORRUPT`, and `GZIP_TRUNCATED` when not even the header is there.
 */
export function memberStart(bytes: Uint8Array, inputBytes: number): Uint8Array {
  const bodyStart = headerSize(
    bytes.subarray(0, defaultGzipLimits.headerBytesMax + 1),
    defaultGzipLimits,
  );
  if (bodyStart === undefined) throw truncated();
  try {
    return inflateRawSync(bytes.subarray(bodyStart, bodyStart + inputBytes), {
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch (error) {
    throw zlibError(error);
  }
}

/** The content of all members joined. Throws as `splitMembers`. */
export function gunzipBytes(bytes: Uint8Array, limits: Partial<GzipLimits> = {}): Uint8Array {
  if (bytes.length === 0) throw truncated();
  const members = splitMembers(bytes, limits);
  const [first] = members;
  return members.length === 1 && first !== undefined
    ? first.content
    : Buffer.concat(members.map((m) => m.content));
}

interface Place {
  readonly offset: number;
  readonly bounds: GzipLimits;
  readonly budget: OutputBudget;
  /** Content is put together from pieces of this size; one that holds all of it is not copied. */
  readonly pieceBytes: number;
  readonly onSegment?: ((segment: MemberSegment) => void) | undefined;
}

/** More than this deflate makes of few texts. */
const usualRatioMax = 8;
const pieceBytesMin = 16 * 1024;
const pieceBytesMax = 256 * 2 ** 20;

/** What the last member says of its content's length, which is the largest by far where there are several. A guess, no more. */
function lastContentSize(bytes: Uint8Array): number {
  const { length } = bytes;
  return length < trailerSizeBytes
    ? 0
    : Buffer.from(bytes.buffer, bytes.byteOffset, length).readUInt32LE(length - 4);
}

function memberAt(bytes: Uint8Array, place: Place): SplitMember {
  const rest = bytes.subarray(place.offset);
  const bodyStart = headerSize(rest.subarray(0, place.bounds.headerBytesMax + 1), place.bounds);
  if (bodyStart === undefined) throw truncated();
  const body = rest.subarray(bodyStart);
  const isSegmented = isSegmentedHeader(rest.subarray(0, bodyStart));
  const { content, consumed, segments } = isSegmented
    ? joinedSegments(body, place, place.offset + bodyStart)
    : inflate(body, place);
  place.budget.spend(content.length);
  const bodyEnd = bodyStart + consumed;
  if (rest.length < bodyEnd + trailerSizeBytes) throw truncated();
  const check = new ContentCheck();
  check.update(content);
  const compressed = rest.subarray(0, bodyEnd + trailerSizeBytes);
  if (Buffer.compare(check.trailer(), compressed.subarray(bodyEnd)) !== 0)
    throw corrupt('gzip checksum does not match');
  const member = { offset: place.offset, compressed, content };
  return segments === undefined ? member : { ...member, segments };
}

interface Inflated {
  readonly content: Uint8Array;
  readonly consumed: number;
  readonly segments?: readonly MemberSegment[];
}

/** The content of all segments, put together. */
function joinedSegments(
  body: Uint8Array,
  { budget, pieceBytes, onSegment }: Place,
  start: number,
): Inflated {
  const into = new Joined(Math.min(pieceBytes, budget.left + 1, body.length * ratioMax));
  const segments: MemberSegment[] = [];
  let at = 0;
  while (!isEnd(body.subarray(at))) {
    const read = readSegment(body.subarray(at, at + segmentInputBytes), true);
    if (read === undefined) throw truncated();
    if (into.sizeBytes + read.content.length > budget.left)
      throw tooLarge('content is larger than allowed');
    const facts = segmentFacts(read, { offset: start + at, contentOffset: into.sizeBytes });
    segments.push(facts);
    into.add(read.content);
    onSegment?.(facts);
    at += read.bytes.length + separator.length;
  }
  return { content: into.bytes(), consumed: at + lastBlock.length, segments };
}

/** Contents after one another, in memory that is taken once where the guess is right. */
class Joined {
  #memory: Buffer;
  #sizeBytes = 0;

  constructor(guessBytes: number) {
    this.#memory = Buffer.allocUnsafeSlow(Math.min(guessBytes, pieceBytesMax));
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(content: Uint8Array): void {
    const needed = this.#sizeBytes + content.length;
    if (needed > this.#memory.length) {
      const more = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#memory.length));
      more.set(this.#memory.subarray(0, this.#sizeBytes));
      this.#memory = more;
    }
    this.#memory.set(content, this.#sizeBytes);
    this.#sizeBytes = needed;
  }

  bytes(): Uint8Array {
    return unwasteful(this.#memory.subarray(0, this.#sizeBytes));
  }
}

/** Deflate makes nothing smaller than by this. */
const ratioMax = 1032;

function inflate(body: Uint8Array, { budget, pieceBytes }: Place): Inflated {
  try {
    // With `info` the engine tells how many bytes the deflate stream took; the types do not know it.
    const result = inflateRawSync(body, {
      info: true,
      maxOutputLength: Math.min(budget.left + 1, 2 ** 32),
      chunkSize: Math.max(
        pieceBytesMin,
        Math.min(pieceBytes, body.length * ratioMax, budget.left + 1, pieceBytesMax),
      ),
      finishFlush: constants.Z_FINISH,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { content: unwasteful(result.buffer), consumed: result.engine.bytesWritten };
  } catch (error) {
    throw zlibError(error);
  }
}

/** A short content does not keep a long piece. */
function unwasteful(content: Buffer): Uint8Array {
  return content.buffer.byteLength > 2 * content.length + pieceBytesMin
    ? Buffer.from(content)
    : content;
}

/** Translates what zlib throws. */
export function zlibError(error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge('content is larger than allowed');
  if (code === 'Z_BUF_ERROR') return truncated();
  if (code === 'Z_DATA_ERROR' || code === 'Z_NEED_DICT')
    return corrupt('gzip data is corrupt', error);
  return error;
}
