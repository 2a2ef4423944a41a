import { ByteReader } from '@kiln/base';
import type { TarEntry, TarMember } from './entry.ts';
import { isZeroBlock, parseEntry, typeFlag, verifyChecksum } from './entry-header.ts';
import type { Overrides } from './entry-header.ts';
import { corrupt, tooLarge, truncated } from './errors.ts';
import { blockSizeBytes, decodeText, numberField, paddedSize } from './fields.ts';
import { defaultTarLimits } from './limits.ts';
import type { TarLimits } from './limits.ts';
import { parsePax } from './pax.ts';
import { TreeCheck } from './tree-check.ts';
import type { TreeRules } from './tree-check.ts';

export interface ReadTarOptions extends TreeRules {
  readonly limits?: Partial<TarLimits>;
}

/**
 * Reads an archive member by member: ustar, PAX (`x` and `g`), GNU long names (`L` and `K`), base-256 numbers; with or
 * without zero blocks at the end, after which only zeros may come. Entries for the root directory itself are skipped.
 * A member's content is read before the next member is asked for; what is left of it is skipped.
 * Throws `TAR_CORRUPT`, `TAR_TRUNCATED`, `TAR_TOO_LARGE`, `TAR_UNSAFE_PATH`, `TAR_TYPE_UNSUPPORTED`, and `TAR_DUPLICATE_ENTRY`
 * where the rules ask for it.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: ReadTarOptions = {},
): AsyncGenerator<TarMember> {
  const input = new ByteReader(source);
  const tree = new TreeCheck(options);
  const context = newContext(options);
  try {
    for (;;) {
      const entry = await answered(askForEntry(context), input);
      if (entry === undefined) return;
      const content = contentOf(input, entry.sizeBytes);
      if (entry.path !== '') {
        tree.add(entry);
        // Leaving a loop over a generator ends it, and the rest could not be skipped: hand out `next` only.
        yield {
          entry,
          content: { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) },
        };
      }
      for await (const _skipped of content);
    }
  } finally {
    await input.close();
  }
}

/** A member of an archive at hand: its content are the `entry.sizeBytes` bytes at `offset`. */
export interface PlacedEntry {
  readonly entry: TarEntry;
  readonly offset: number;
}

/** Finds the members of an archive at hand. Reads and throws as `readTar`. */
export function* placedEntries(
  bytes: Uint8Array,
  options: ReadTarOptions = {},
): Generator<PlacedEntry> {
  const tree = new TreeCheck(options);
  const context = newContext(options);
  for (;;) {
    const asking = askForEntry(context);
    let step = asking.next();
    while (step.done !== true) {
      const start = context.position;
      step = asking.next(bytes.subarray(start, start + step.value));
    }
    const entry = step.value;
    if (entry === undefined) return;
    const offset = context.position - paddedSize(entry.sizeBytes);
    if (context.position > bytes.length) throw truncated();
    if (entry.path === '') continue;
    tree.add(entry);
    yield { entry, offset };
  }
}

export interface Context {
  readonly limits: TarLimits;
  /** Records of global headers, for all members to come. */
  readonly globals: Map<string, Uint8Array>;
  /** Bytes of extended headers so far. */
  extensionBytes: number;
  /** Where the next header begins, once the content before it is skipped. */
  position: number;
  /** Members so far. */
  count: number;
}

export function newContext({ limits }: ReadTarOptions): Context {
  return {
    limits: { ...defaultTarLimits, ...limits },
    globals: new Map(),
    extensionBytes: 0,
    position: 0,
    count: 0,
  };
}

/** Reading that asks for a number of bytes each time, and is given as many, or fewer at the end: at hand or as they come. */
export type Asking<T> = Generator<number, T, Uint8Array>;

async function answered<T>(asking: Asking<T>, input: ByteReader): Promise<T> {
  let step = asking.next();
  while (step.done !== true) step = asking.next(await input.take(step.value));
  return step.value;
}

/** Headers up to and with the next real one; undefined at the end of the archive. */
export function* askForEntry(context: Context): Asking<TarEntry | undefined> {
  const { limits, globals } = context;
  const before = context.extensionBytes;
  const records = new Map<string, Uint8Array>();
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let extended = false; ; extended = true) {
    const block = yield* headerBlock(context);
    if (block === undefined) {
      if (extended) throw truncated();
      return undefined;
    }
    const flag = typeFlag(block);
    if (!['x', 'g', 'L', 'K'].includes(flag)) {
      const overrides = merged(globals, { records, longName, longLink });
      return counted(context, parseEntry(block, overrides, limits));
    }
    const bytes = yield* extension(context, block, before);
    if (flag === 'x') keep(records, parsePax(bytes));
    else if (flag === 'g') keep(globals, usableGlobals(parsePax(bytes)));
    else if (flag === 'L') longName = gnuText(bytes);
    else longLink = gnuText(bytes);
  }
}

/** Within the limits; the position goes behind its content. */
function counted(context: Context, entry: TarEntry): TarEntry {
  const { limits } = context;
  if (context.count >= limits.entriesMax)
    throw tooLarge(`tar archive has more than ${limits.entriesMax} members`);
  if (context.position + entry.sizeBytes > limits.totalBytesMax) throw archiveTooLarge(limits);
  context.count += 1;
  context.position += paddedSize(entry.sizeBytes);
  return entry;
}

function* ask(context: Context, count: number): Asking<Uint8Array> {
  const bytes = yield count;
  context.position += bytes.length;
  return bytes;
}

/** The next header, checked; undefined at the end. */
function* headerBlock(context: Context): Asking<Uint8Array | undefined> {
  const block = yield* ask(context, blockSizeBytes);
  if (block.length === 0) return undefined;
  if (block.length < blockSizeBytes) throw truncated();
  if (context.position > context.limits.totalBytesMax) throw archiveTooLarge(context.limits);
  if (isZeroBlock(block)) {
    yield* onlyZerosFollow(context);
    return undefined;
  }
  verifyChecksum(block);
  return block;
}

const zerosAskedFor = 64 * 1024;

/** Anything behind the end would be seen by some readers and not by others. */
function* onlyZerosFollow(context: Context): Asking<void> {
  for (;;) {
    const bytes = yield* ask(context, zerosAskedFor);
    if (bytes.length === 0) return;
    if (!isZeroBlock(bytes)) throw corrupt('tar archive has bytes behind its end');
    if (context.position > context.limits.totalBytesMax) throw archiveTooLarge(context.limits);
  }
}

/** The content of an extended header, within what one member and the archive may have of them. */
function* extension(context: Context, block: Uint8Array, before: number): Asking<Uint8Array> {
  const { limits } = context;
  const size = numberField(block, 'size');
  if (size < 0) throw corrupt('tar extended header has a negative size');
  // Headers count too, or empty ones could go on without end.
  context.extensionBytes += size + blockSizeBytes;
  const { extensionBytes } = context;
  if (
    extensionBytes - before > limits.paxBytesMax + blockSizeBytes ||
    extensionBytes > limits.paxTotalBytesMax
  ) {
    throw tooLarge('tar extended headers are too large');
  }
  const bytes = yield* ask(context, paddedSize(size));
  if (bytes.length < paddedSize(size)) throw truncated();
  return bytes.subarray(0, size);
}

/** Adds records; an empty value takes a record of an earlier header away. */
function keep(into: Map<string, Uint8Array>, records: Map<string, Uint8Array>): void {
  for (const [key, value] of records) {
    if (key.startsWith('GNU.sparse.')) throw corrupt('sparse tar members are not supported');
    into.set(key, value);
  }
}

const globalKeys = new Set(['uname', 'gname', 'uid', 'gid', 'mtime']);
const perMemberKeys = new Set(['path', 'linkpath', 'size']);

/**
 * Global records about owners and times hold for all members; others, such as git's comment, are about the archive.
 * One name or size for all members would be read differently by different readers.
 */
function usableGlobals(records: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const [strange] = [...records.keys()].filter((key) => perMemberKeys.has(key));
  if (strange !== undefined) throw corrupt(`tar global header has a ${strange}`);
  return new Map([...records].filter(([key]) => globalKeys.has(key)));
}

function merged(globals: Map<string, Uint8Array>, local: Overrides): Overrides {
  const records = [...globals, ...local.records];
  const effective = new Map(records);
  for (const [key, value] of effective) {
    if (value.length === 0 && !key.startsWith('SCHILY.xattr.')) effective.delete(key);
  }
  return { ...local, records: effective };
}

function gnuText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end === -1 ? bytes : bytes.subarray(0, end));
}

/** Exactly this many bytes, then the padding. */
async function* contentOf(input: ByteReader, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let left = sizeBytes; left > 0;) {
    const bytes = await input.next(left);
    if (bytes === undefined) throw truncated();
    left -= bytes.length;
    yield bytes;
  }
  const padding = paddedSize(sizeBytes) - sizeBytes;
  if (padding > 0 && (await input.take(padding)).length < padding) throw truncated();
}

function archiveTooLarge(limits: TarLimits): Error {
  return tooLarge(`tar archive is larger than ${limits.totalBytesMax} bytes`);
}
