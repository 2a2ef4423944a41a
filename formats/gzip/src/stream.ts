import { createInflateRaw } from 'node:zlib';
import type { InflateRaw } from 'node:zlib';
import { ByteReader, concatBytes } from '@kiln/base';
import { written } from './engine.ts';
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
import type { MemberSegment, ReadSegment } from './segmented.ts';
import { zlibError } from './split.ts';

/** A member of a stream, in order. */
export interface StreamMember {
  readonly index: number;
  /** Where the member begins in the input. */
  readonly offset: number;
  /** Read at most once. What is left unread when the next member is asked for is decompressed and checked all the same. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface ReadMembersOptions {
  readonly limits?: Partial<GzipLimits>;
  /** Sees every compressed byte of every member, in order, before the content it gives is complete. */
  readonly onCompressed?: (bytes: Uint8Array, memberIndex: number) => void;
  /** Sees the facts of every segment of a member that is made of such, before its content is given out. */
  readonly onSegment?: (segment: MemberSegment, memberIndex: number) => void;
}

const inputBlockSizeBytes = 64 * 1024;

/**
 * Finds the members of a gzip stream by decompressing it. An empty input throws `GZIP_TRUNCATED`; else throws
 * `GZIP_CORRUPT`, `GZIP_TRUNCATED` or `GZIP_TOO_LARGE` where the fault is met, after the content before it was given out.
 */
export async function* readMembers(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: ReadMembersOptions = {},
): AsyncGenerator<StreamMember> {
  const limits = { ...defaultGzipLimits, ...options.limits };
  const budget = new OutputBudget(limits.outputBytesMax);
  const input = new ByteReader(source);
  let content: AsyncGenerator<Uint8Array> | undefined;
  try {
    for (let index = 0; index === 0 || !(await atEnd(input)); index++) {
      if (index === limits.membersMax) throw tooLarge('too many gzip members');
      const tap = (bytes: Uint8Array): void => options.onCompressed?.(bytes, index);
      const onSegment = (segment: MemberSegment): void => options.onSegment?.(segment, index);
      const offset = input.position;
      const current = memberContent(input, { limits, budget, tap, onSegment });
      content = current;
      // Leaving a loop over a generator ends it, and the rest of the member could not be skipped: hand out `next` only.
      yield {
        index,
        offset,
        content: { [Symbol.asyncIterator]: () => ({ next: () => current.next() }) },
      };
      for await (const _skipped of current);
    }
  } finally {
    await content?.return(undefined);
    await input.close();
  }
}

/** The content of all members joined, as a stream. Throws as `readMembers`. */
export async function* gunzip(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  limits: Partial<GzipLimits> = {},
): AsyncGenerator<Uint8Array> {
  for await (const member of readMembers(source, { limits })) yield* member.content;
}

async function atEnd(input: ByteReader): Promise<boolean> {
  const bytes = await input.next();
  if (bytes !== undefined) input.giveBack(bytes);
  return bytes === undefined;
}

interface MemberContext {
  readonly limits: GzipLimits;
  readonly budget: OutputBudget;
  readonly tap: (bytes: Uint8Array) => void;
  readonly onSegment: (segment: MemberSegment) => void;
}

async function* memberContent(
  input: ByteReader,
  context: MemberContext,
): AsyncGenerator<Uint8Array> {
  const header = await readHeader(input, context.limits);
  context.tap(header);
  const check = new ContentCheck();
  const contents = isSegmentedHeader(header)
    ? segmentContents(input, context)
    : inflated(input, context.tap);
  for await (const chunk of contents) {
    context.budget.spend(chunk.length);
    check.update(chunk);
    yield chunk;
  }
  const trailer = await input.take(trailerSizeBytes);
  context.tap(trailer);
  if (trailer.length < trailerSizeBytes) throw truncated();
  if (Buffer.compare(check.trailer(), trailer) !== 0) throw corrupt('gzip checksum does not match');
}

async function readHeader(input: ByteReader, limits: GzipLimits): Promise<Uint8Array> {
  let seen: Uint8Array = new Uint8Array(0);
  for (;;) {
    const more = await input.next(limits.headerBytesMax + 1 - seen.length);
    if (more === undefined) throw truncated();
    const before = seen.length;
    seen = concatBytes([seen, more]);
    const size = headerSize(seen, limits);
    if (size === undefined) continue;
    input.giveBack(more.subarray(size - before));
    return seen.subarray(0, size);
  }
}

/** The contents of segments one by one, each of which is in memory as a whole. */
async function* segmentContents(
  input: ByteReader,
  { tap, onSegment }: MemberContext,
): AsyncGenerator<Uint8Array> {
  const window = new InputWindow(input);
  let contentOffset = 0;
  for (;;) {
    while (window.bytes().length < lastBlock.length) if (!(await window.more())) throw truncated();
    if (isEnd(window.bytes())) break;
    const read = await nextSegment(window);
    const facts = segmentFacts(read, { offset: window.position, contentOffset });
    const sizeBytes = read.bytes.length + separator.length;
    tap(window.bytes().subarray(0, sizeBytes));
    window.drop(sizeBytes);
    onSegment(facts);
    contentOffset += read.content.length;
    yield read.content;
  }
  tap(window.bytes().subarray(0, lastBlock.length));
  window.drop(lastBlock.length);
  input.giveBack(window.bytes());
}

/** Reads more until there is a segment in what was read. */
async function nextSegment(window: InputWindow): Promise<ReadSegment> {
  let isWhole = false;
  for (;;) {
    const read = readSegment(window.bytes(), isWhole);
    if (read !== undefined) return read;
    isWhole = !(await window.more());
  }
}

/** What was read of an input and is not done with: never more than a segment and a chunk. */
class InputWindow {
  readonly #input: ByteReader;
  readonly #memory = Buffer.allocUnsafeSlow(2 * segmentInputBytes);
  #start = 0;
  #end = 0;

  constructor(input: ByteReader) {
    this.#input = input;
  }

  /** Where its first byte is in the input. */
  get position(): number {
    return this.#input.position - (this.#end - this.#start);
  }

  bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end);
  }

  drop(sizeBytes: number): void {
    this.#start += sizeBytes;
  }

  /** Reads a chunk; false at the end of the input. */
  async more(): Promise<boolean> {
    const chunk = await this.#input.next(inputBlockSizeBytes);
    if (chunk === undefined) return false;
    if (this.#end + chunk.length > this.#memory.length) {
      this.#memory.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#memory.set(chunk, this.#end);
    this.#end += chunk.length;
    return true;
  }
}

/** Inflates until the deflate stream ends and gives the bytes behind it back to the input. */
async function* inflated(
  input: ByteReader,
  tap: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const engine = createInflateRaw({ chunkSize: inputBlockSizeBytes });
  const feeding = feed(engine, input, tap);
  feeding.catch(() => engine.destroy());
  try {
    for await (const chunk of engine) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    await feeding;
    throw zlibError(error);
  } finally {
    engine.destroy();
  }
}

/** One block is under way at a time, so that at most its tail has to be given back. */
async function feed(
  engine: InflateRaw,
  input: ByteReader,
  tap: (bytes: Uint8Array) => void,
): Promise<void> {
  let ended = false;
  engine.once('end', () => (ended = true));
  for (;;) {
    const block = await input.next(inputBlockSizeBytes);
    if (block === undefined) {
      engine.end();
      return;
    }
    const before = engine.bytesWritten;
    await written(engine, block);
    const taken = engine.bytesWritten - before;
    tap(block.subarray(0, taken));
    input.giveBack(block.subarray(taken));
    if (ended || taken < block.length) return;
  }
}
