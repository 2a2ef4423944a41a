import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { recordedSha1 } from '@kiln/apk';
import type { PackageContents, PackageOpener } from '@kiln/assemble';
import { hexOf, systemRandom } from '@kiln/base';
import type { Digest, Random } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { TreeCheck } from '@kiln/tar';
import { isAbsent, isThere } from './absent.ts';
import { ArchiveReader, ArchiveWindows } from './archive-reader.ts';
import { cacheBroken } from './broken.ts';
import { threads } from './at-hand.ts';
import type { BeforeData } from './require-file.ts';
import { syncDirectory, writeWhole } from './whole-file.ts';
import { memoryFor } from './expand-limits.ts';
import { expand } from './expand.ts';
import { packageFacts } from './facts.ts';
import type { ControlOptions } from './facts.ts';
import { DamagedError, summed } from './part-sums.ts';
import { parseRecord, printRecord } from './record.ts';
import type { CacheRecord, CachedMember, StoredSegment } from './record.ts';
import { segmentOfBlob, segmentOfFile } from './read-segment.ts';
import { SharedWork } from './shared-work.ts';

export interface ExpandedPackagesOptions extends ControlOptions {
  /** Made when absent. Holds `<sha256>.tar` and `<sha256>.members` for each package. */
  readonly directory: string;
  /** `path` where packages are files: threads expand them then. `beforeData`: see there. */
  readonly blobs: Pick<BlobStore, 'read'> & {
    path?(apk: Digest): string;
    beforeData?(apk: Digest): BeforeData | undefined;
  };
  readonly random?: Random;
  /**
   * Whether files are synced, default true. Without it a crash of the machine may leave damaged ones, which are noticed as any
   * damage is.
   */
  readonly durable?: boolean;
  /** `any`: a package may have links out of its root, and files behind links. Default `inside`. */
  readonly links?: 'any' | 'inside';
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
  readonly #work = new SharedWork<CacheRecord>();
  readonly #windows = new ArchiveWindows();

  constructor(options: ExpandedPackagesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
  }

  /** Throws `BLOB_UNKNOWN`, `APK_DIGEST_MISMATCH`, and what `readPackage` and its data do. */
  async open(apk: Digest): Promise<PackageContents> {
    const record = await this.#record(apk);
    const check = new TreeCheck({ links: this.#options.links ?? 'inside' });
    for (const { entry } of record.members) check.add(entry);
    const archive = new ArchiveReader(this.#path(apk, 'tar'), this.#windows);
    const parts = new Map(record.segments);
    return {
      apk,
      ...(await packageFacts(record, this.#options)),
      read: (index) =>
        this.#read(apk, record.members[index], (offset, size) => archive.read(offset, size)),
      readInto: (index, buffer) =>
        this.#read(
          apk,
          record.members[index],
          (offset, size) => archive.readInto(offset, size, buffer),
          parts.get(index),
        ),
      ...this.#segmentsOf(apk, parts),
    };
  }

  /** The segments of a package are read where it is. */
  #segmentsOf(
    apk: Digest,
    parts: ReadonlyMap<number, readonly StoredSegment[]>,
  ): Pick<PackageContents, 'segment'> {
    if (parts.size === 0) return {};
    const { blobs } = this.#options;
    const file = blobs.path?.(apk);
    return {
      segment: async (index, part, memory) => {
        const segment = parts.get(index)?.[part];
        if (segment === undefined) return undefined;
        return file === undefined
          ? segmentOfBlob({ blobs, apk }, segment, memory)
          : segmentOfFile(file, segment, memory);
      },
    };
  }

  #record(apk: Digest): Promise<CacheRecord> {
    return this.#work.of(apk, async () => (await this.#load(apk)) ?? this.#expand(apk));
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
    if (await this.#expandInThread(apk)) {
      const expanded = await this.#load(apk);
      if (expanded !== undefined) return expanded;
    }
    const record = await expand({
      apk,
      source: this.#options.blobs.read(apk),
      limits: this.#options.limits ?? {},
      writeArchive: (archive) => this.#write(this.#path(apk, 'tar'), archive),
    });
    await this.#write(this.#path(apk, 'members'), [printRecord(record)]);
    return record;
  }

  async #expandInThread(apk: Digest): Promise<boolean> {
    const { blobs, limits = {}, durable = true, directory } = this.#options;
    const file = blobs.path?.(apk);
    if (file === undefined || !(await isThere(file))) return false;
    const id = this.#random.id();
    const archive = `${this.#path(apk, 'tar')}.${id}.tmp`;
    const record = `${this.#path(apk, 'members')}.${id}.tmp`;
    try {
      const beforeData = blobs.beforeData?.(apk);
      const memoryBytes = memoryFor(file);
      const request = { apk, beforeData, limits, archive, record, durable, file, memoryBytes };
      if (!(await threads.unpack(request))) return false;
      await rename(archive, this.#path(apk, 'tar'));
      await rename(record, this.#path(apk, 'members'));
      if (durable) await syncDirectory(directory);
      return true;
    } finally {
      await rm(archive, { force: true });
      await rm(record, { force: true });
    }
  }

  #write(path: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    const { durable = true } = this.#options;
    return writeWhole(path, source, { id: this.#random.id(), durable });
  }

  async *#read(
    apk: Digest,
    member: CachedMember | undefined,
    read: (offset: number, sizeBytes: number) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    parts?: readonly StoredSegment[],
  ): AsyncGenerator<Uint8Array> {
    if (member === undefined || member.entry.type !== 'file') return;
    const content = read(member.offset, member.entry.sizeBytes);
    try {
      yield* parts === undefined ? verified(member, content) : summed(parts, content);
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

async function* verified(
  { entry }: CachedMember,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha1');
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== recordedSha1(entry))
    throw new DamagedError('content does not match its SHA-1');
}
