import { filled, freeMemory, garbageCollector } from '@kiln/base';
import { combineCrc } from './crc.ts';
import { corrupt, tooLarge, truncated } from './limits.ts';
import { memberTrailer, trailerSizeBytes } from './member.ts';
import {
  isEnd,
  isSegmentedMember,
  lastBlock,
  readSegment,
  segmentFacts,
  segmentInputBytes,
  segmentedHeader,
  separator,
} from './segmented.ts';
import type { MemberSegment } from './segmented.ts';

export interface SegmentedSource {
  /** Fills memory from where it ended before; returns how many bytes, 0 at the end. */
  read(into: Uint8Array): number;
  /** Gets the segments in their order; places are in the input. The content is freed when it returns. */
  segment(facts: MemberSegment, content: Uint8Array): void;
  /** Bytes of content; more throws `GZIP_TOO_LARGE`. */
  readonly outputBytesMax: number;
}

/**
 * Reads a member of segments and nothing behind it, without waiting and in the memory of a few segments. Throws
 * `GZIP_CORRUPT`, also for another member or anything behind it, `GZIP_TRUNCATED` and `GZIP_TOO_LARGE`.
 */
export function readSegmented(source: SegmentedSource): void {
  const input = new Window(source);
  input.need(segmentInputBytes);
  if (!isSegmentedMember(input.bytes)) throw corrupt('not a member of segments');
  input.skip(segmentedHeader().length);
  let crc = 0;
  let contentOffset = 0;
  for (;;) {
    const facts = nextSegment(input, source, contentOffset);
    if (facts === undefined) break;
    crc = combineCrc(crc, facts.crc, facts.contentSizeBytes);
    contentOffset += facts.contentSizeBytes;
  }
  input.skip(lastBlock.length);
  const trailer = input.bytes.subarray(0, trailerSizeBytes);
  if (trailer.length < trailerSizeBytes) throw truncated();
  if (Buffer.compare(memberTrailer(crc, contentOffset), trailer) !== 0)
    throw corrupt('gzip checksum does not match');
  input.skip(trailerSizeBytes);
  input.need(1);
  if (input.bytes.length > 0) throw corrupt('a member of segments is not the last');
}

/** Of contents that are not freed at once. */
const collectGarbage = garbageCollector('minor', 2 * 2 ** 20);

/** Undefined where they end. */
function nextSegment(
  input: Window,
  { outputBytesMax, segment }: SegmentedSource,
  contentOffset: number,
): MemberSegment | undefined {
  input.need(segmentInputBytes);
  if (isEnd(input.bytes)) return undefined;
  const read = readSegment(input.bytes.subarray(0, segmentInputBytes), input.isWhole);
  if (read === undefined) throw truncated();
  const facts = segmentFacts(read, { offset: input.offset, contentOffset });
  if (contentOffset + facts.contentSizeBytes > outputBytesMax)
    throw tooLarge('content is larger than allowed');
  segment(facts, read.content);
  if (!freeMemory(read.content)) collectGarbage(facts.contentSizeBytes);
  input.skip(read.bytes.length + separator.length);
  return facts;
}

const windowBytes = 2 * segmentInputBytes;
/** Taken once in a thread, since nothing else runs while a member is read. */
let memory: Buffer | undefined;

/** What was read and is not done with. */
class Window {
  readonly #source: SegmentedSource;
  readonly #memory: Uint8Array = (memory ??= Buffer.allocUnsafeSlow(windowBytes));
  #start = 0;
  #end = 0;
  /** Where `bytes` begins in the input. */
  offset = 0;
  /** Whether there is nothing behind `bytes`. */
  isWhole = false;

  constructor(source: SegmentedSource) {
    this.#source = source;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end);
  }

  skip(count: number): void {
    this.#start += count;
    this.offset += count;
  }

  /** Has so many bytes, or all that are left. */
  need(count: number): void {
    if (this.isWhole || this.#end - this.#start >= count) return;
    this.#memory.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#end += filled(this.#memory.subarray(this.#end), (rest) => this.#source.read(rest));
    this.isWhole = this.#end < windowBytes;
  }
}
