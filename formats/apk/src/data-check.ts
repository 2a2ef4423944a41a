import { createHash, hash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { KilnError, bufferOf, shorten } from '@kiln/base';
import type { TarEntry, TarMember } from '@kiln/tar';
import { checksumRecord } from './data-segment.ts';
import type { PackageInfo } from './package-info.ts';

/** Verifies a data segment while it streams by: the data hash over its compressed bytes, the SHA-1 of each file. */
export class DataCheck {
  readonly #info: PackageInfo;
  readonly #hash: Hash = createHash('sha256');

  constructor(info: PackageInfo) {
    this.#info = info;
  }

  compressed(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Hands the members through. Throws `APK_DATA_HASH_MISMATCH` at the end, and what `checkedContent` does. */
  async *members(data: AsyncIterable<TarMember>): AsyncGenerator<TarMember> {
    for await (const { entry, content } of data) {
      yield {
        entry,
        content: entry.type === 'file' ? checkedContent(entry, content) : requireLinkSum(entry),
      };
    }
    requireDataHash(this.#info, this.#hash.digest('hex'));
  }
}

/** Throws `APK_DATA_HASH_MISMATCH` unless the compressed data have the hash that `.PKGINFO` gives. */
export function requireDataHash(info: PackageInfo, found: string): void {
  if (found === info.dataHash) return;
  const message = `data of ${shorten(info.name)} have SHA-256 ${found}, .PKGINFO says ${info.dataHash || 'nothing'}`;
  throw new KilnError('APK_DATA_HASH_MISMATCH', message, {
    hint: 'the package is damaged; fetch or build it again',
  });
}

/** The same check of content at hand; a symbolic link has none. Throws as `DataCheck.members`. */
export function requireContentSum(entry: TarEntry, content: Uint8Array): void {
  if (entry.type === 'file') requireSame(entry, hash('sha1', content), requireSum(entry));
  else requireLinkSum(entry);
}

/** The same check of content that comes in parts. */
export class ContentSum {
  readonly #entry: TarEntry;
  readonly #expected: string | undefined;
  readonly #hash: Hash = createHash('sha1');

  /** Throws `APK_FILE_CHECKSUM_MISSING`, and `APK_FILE_CHECKSUM_MISMATCH` for a link. */
  constructor(entry: TarEntry) {
    this.#entry = entry;
    if (entry.type === 'file') this.#expected = requireSum(entry);
    else requireLinkSum(entry);
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** After all of it. Throws `APK_FILE_CHECKSUM_MISMATCH`. */
  end(): void {
    if (this.#expected !== undefined)
      requireSame(this.#entry, this.#hash.digest('hex'), this.#expected);
  }
}

function requireSum(entry: TarEntry): string {
  const expected = recordedSha1(entry);
  if (expected !== undefined) return expected;
  throw new KilnError(
    'APK_FILE_CHECKSUM_MISSING',
    `"${shorten(entry.path)}" has no checksum record`,
  );
}

async function* checkedContent(
  entry: TarEntry,
  content: TarMember['content'],
): AsyncGenerator<Uint8Array> {
  const sum = new ContentSum(entry);
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    sum.add(chunk);
    yield chunk;
  }
  sum.end();
}

/** A symbolic link's record, where it has one, is about its target. */
function requireLinkSum(entry: TarEntry): Uint8Array {
  const expected = recordedSha1(entry);
  if (entry.type === 'symlink' && expected !== undefined) {
    requireSame(entry, hash('sha1', entry.linkTarget), expected);
  }
  return new Uint8Array(0);
}

function requireSame(entry: TarEntry, found: string, expected: string): void {
  if (found === expected) return;
  throw new KilnError(
    'APK_FILE_CHECKSUM_MISMATCH',
    `"${shorten(entry.path)}" has SHA-1 ${found}, its record says ${shorten(expected)}`,
  );
}

/** The SHA-1 that an entry records of its content or target, in lower-case hexadecimal; some packages say it as indexes do, in Base64 after `Q1`. */
export function recordedSha1(entry: TarEntry): string | undefined {
  const record = entry.pax.get(checksumRecord);
  if (record === undefined) return undefined;
  const text = bufferOf(record).toString('latin1');
  return text.startsWith('Q1')
    ? Buffer.from(text.slice(2), 'base64').toString('hex')
    : text.toLowerCase();
}
