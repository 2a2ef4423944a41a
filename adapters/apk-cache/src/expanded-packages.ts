import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumOf, readControl, recordedSha1 } from '@kiln/apk';
import type { PackageLimits, ParseInfoOptions } from '@kiln/apk';
import type { PackageContents, PackageOpener } from '@kiln/assemble';
import { hexOf, systemRandom } from '@kiln/base';
import type { Digest, Random } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { ArchiveReader } from './archive-reader.ts';
import { cacheBroken } from './broken.ts';
import { writeWhole } from './whole-file.ts';
import { expand } from './expand.ts';
import { parseRecord, printRecord } from './record.ts';
import type { CacheRecord, CachedMember } from './record.ts';

export interface ExpandedPackagesOptions {
  /** Made when absent. Holds `<sha256>.tar` and `<sha256>.members` for each package. */
  readonly directory: string;
  readonly blobs: Pick<BlobStore, 'read'>;
  readonly limits?: Partial<PackageLimits>;
  /** How `.PKGINFO` is read; default `apko`, since images must come out as that tool's. */
  readonly dialect?: ParseInfoOptions['dialect'];
  readonly random?: Random;
  /**
   * Whether files are synced, default true. Without it a crash of the machine may leave damaged ones, which are noticed as any
   * damage is.
   */
  readonly durable?: boolean;
}

/**
 * Packages expanded on disk, so that their files can be read in any order and any number of times.
 *
 * A package is expanded and verified once: its data go to `<sha256>.tar`, then the facts about them to
 * `<sha256>.members`, each written under a temporary name, synced unless told otherwise, and renamed. The second file is
 * what makes the pair valid; after a crash between the two the package is expanded again. A pair that is damaged is made anew on opening;
 * damage inside a file shows when it is read, by its SHA-1: the pair is dropped and `APK_CACHE_BROKEN` says to try again.
 */
export class ExpandedPackages implements PackageOpener {
  readonly #options: ExpandedPackagesOptions;
  readonly #random: Random;
  readonly #underway = new Map<Digest, Promise<CacheRecord>>();

  constructor(options: ExpandedPackagesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
  }

  /** Throws `BLOB_UNKNOWN`, `APK_DIGEST_MISMATCH`, and what `readPackage` and its data do. */
  async open(apk: Digest): Promise<PackageContents> {
    const record = await this.#record(apk);
    const dialect = this.#options.dialect ?? 'apko';
    const { info, members } = await readControl(record.control, {
      dialect,
      limits: this.#options.limits ?? {},
    });
    const archive = new ArchiveReader(this.#path(apk, 'tar'));
    return {
      info,
      checksum: checksumOf(record.control),
      sizeBytes: record.sizeBytes,
      control: members.filter(({ entry }) => entry.path !== '.PKGINFO'),
      members: record.members.map(({ entry }, index) => ({ index, entry })),
      read: (index) => this.#read(apk, archive, record.members[index]),
    };
  }

  /** One expansion at a time for a package, however many ask. */
  #record(apk: Digest): Promise<CacheRecord> {
    const underway = this.#underway.get(apk);
    if (underway !== undefined) return underway;
    const record = this.#load(apk)
      .then((found) => found ?? this.#expand(apk))
      .finally(() => this.#underway.delete(apk));
    this.#underway.set(apk, record);
    return record;
  }

  async #load(apk: Digest): Promise<CacheRecord | undefined> {
    try {
      const record = parseRecord(await readFile(this.#path(apk, 'members')));
      const { size } = await stat(this.#path(apk, 'tar'));
      return record?.tarBytes === size ? record : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async #expand(apk: Digest): Promise<CacheRecord> {
    await mkdir(this.#options.directory, { recursive: true });
    const record = await expand({
      apk,
      source: this.#options.blobs.read(apk),
      limits: this.#options.limits ?? {},
      writeArchive: (archive) => this.#write(this.#path(apk, 'tar'), archive),
    });
    await this.#write(this.#path(apk, 'members'), [printRecord(record)]);
    return record;
  }

  #write(path: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    const { durable = true } = this.#options;
    return writeWhole(path, source, { id: this.#random.id(), durable });
  }

  async *#read(
    apk: Digest,
    archive: ArchiveReader,
    member: CachedMember | undefined,
  ): AsyncGenerator<Uint8Array> {
    if (member === undefined || member.entry.type !== 'file') return;
    try {
      yield* verified(member, archive.read(member.offset, member.entry.sizeBytes));
    } catch (error) {
      if (!(error instanceof DamagedError) && !isAbsent(error)) throw error;
      await rm(this.#path(apk, 'members'), { force: true });
      throw cacheBroken(apk, member.entry.path, error);
    }
  }

  #path(apk: Digest, kind: 'tar' | 'members'): string {
    return join(this.#options.directory, `${hexOf(apk)}.${kind}`);
  }
}

/** The bytes on disk are not those that were written. */
class DamagedError extends Error {}

async function* verified(
  { entry }: CachedMember,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha1');
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== recordedSha1(entry))
    throw new DamagedError('content does not match its SHA-1');
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}
