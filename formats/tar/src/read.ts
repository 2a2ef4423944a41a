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
 * Throws `TAR_CORRUPT`, `TAR_TRUNCATED`, `TAR_TOO_LARGE`, `TAR_UNSAFE_PATH`, `TAR_TYPE_UNSUPPORTED`, and what the rules ask for.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  options: ReadTarOptions = {},
): AsyncGenerator<TarMember> {
  const limits = { ...defaultTarLimits, ...options.limits };
  const input = new ByteReader(source);
  const tree = new TreeCheck(options);
  const globals = new Map<string, Uint8Array>();
  try {
    for (let count = 0; ; count++) {
      const entry = await nextEntry(input, globals, limits);
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

/** Headers up to and with the next real one; undefined at the end of the archive. */
async function nextEntry(
  input: ByteReader,
  globals: Map<string, Uint8Array>,
  limits: TarLimits,
): Promise<TarEntry | undefined> {
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
    if (flag === 'x') keep(records, parsePax(await extension(input, block, limits)));
    else if (flag === 'g')
      keep(globals, withoutComment(parsePax(await extension(input, block, limits))));
    else if (flag === 'L') longName = gnuText(await extension(input, block, limits));
    else if (flag === 'K') longLink = gnuText(await extension(input, block, limits));
    else return parseEntry(block, merged(globals, { records, longName, longLink }), limits);
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

async function extension(
  input: ByteReader,
  block: Uint8Array,
  limits: TarLimits,
): Promise<Uint8Array> {
  const size = numberField(block, 'size');
  if (size < 0 || size > limits.paxBytesMax) throw tooLarge('tar extended header is too large');
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

/** A global comment, such as git's commit, is about the archive and not about its members. */
function withoutComment(records: Map<string, Uint8Array>): Map<string, Uint8Array> {
  records.delete('comment');
  return records;
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
