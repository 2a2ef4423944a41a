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
  const limits = { ...defaultTarLimits, ...options.limits };
  const input = new ByteReader(source);
  const tree = new TreeCheck(options);
  const context: Context = { input, limits, globals: new Map(), extensionBytes: 0 };
  try {
    for (let count = 0; ; count++) {
      const entry = await nextEntry(context);
      if (entry === undefined) return;
      if (count >= limits.entriesMax)
        throw tooLarge(`tar archive has more than ${limits.entriesMax} members`);
      if (input.position + entry.sizeBytes > limits.totalBytesMax) throw archiveTooLarge(limits);
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

interface Context {
  readonly input: ByteReader;
  readonly limits: TarLimits;
  /** Records of global headers, for all members to come. */
  readonly globals: Map<string, Uint8Array>;
  /** Bytes of extended headers so far. */
  extensionBytes: number;
}

/** Headers up to and with the next real one; undefined at the end of the archive. */
async function nextEntry(context: Context): Promise<TarEntry | undefined> {
  const { input, limits, globals } = context;
  const before = context.extensionBytes;
  const records = new Map<string, Uint8Array>();
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let extended = false; ; extended = true) {
    const block = await headerBlock(input, limits);
    if (block === undefined) {
      if (extended) throw truncated();
      return undefined;
    }
    const flag = typeFlag(block);
    if (!['x', 'g', 'L', 'K'].includes(flag)) {
      return parseEntry(block, merged(globals, { records, longName, longLink }), limits);
    }
    const bytes = await extension(context, block, before);
    if (flag === 'x') keep(records, parsePax(bytes));
    else if (flag === 'g') keep(globals, usableGlobals(parsePax(bytes)));
    else if (flag === 'L') longName = gnuText(bytes);
    else longLink = gnuText(bytes);
  }
}

/** The next header, checked; undefined at the end. */
async function headerBlock(input: ByteReader, limits: TarLimits): Promise<Uint8Array | undefined> {
  const block = await input.take(blockSizeBytes);
  if (block.length === 0) return undefined;
  if (block.length < blockSizeBytes) throw truncated();
  if (input.position > limits.totalBytesMax) throw archiveTooLarge(limits);
  if (isZeroBlock(block)) {
    await onlyZerosFollow(input, limits);
    return undefined;
  }
  verifyChecksum(block);
  return block;
}

/** Anything behind the end would be seen by some readers and not by others. */
async function onlyZerosFollow(input: ByteReader, limits: TarLimits): Promise<void> {
  for (let bytes = await input.next(); bytes !== undefined; bytes = await input.next()) {
    if (!isZeroBlock(bytes)) throw corrupt('tar archive has bytes behind its end');
    if (input.position > limits.totalBytesMax) throw archiveTooLarge(limits);
  }
}

/** The content of an extended header, within what one member and the archive may have of them. */
async function extension(context: Context, block: Uint8Array, before: number): Promise<Uint8Array> {
  const { input, limits } = context;
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
  const bytes = await input.take(paddedSize(size));
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
