import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilePlace, PackageContents, PackageOpener, StoredPart } from '@kiln/assemble';
import { hexOf, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Digest, Random } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import { isAbsent, isThere } from './absent.ts';
import { ArchiveReader, ArchiveWindows } from './archive-reader.ts';
import { cacheBroken } from './broken.ts';
import { threads } from './threads.ts';
import { requireInside } from './inside.ts';
import type { BeforeData } from './require-file.ts';
import { syncDirectory, writeWhole } from './whole-file.ts';
import { memoryFor } from './expand-limits.ts';
import { expand } from './expand.ts';
import { packageFacts } from './facts.ts';
import type { ControlOptions } from './facts.ts';
import { DamagedError, contentParts, summed } from './part-sums.ts';
import { parseRecord, printRecord } from './record.ts';
import type { CacheRecord, StoredSegment } from './record.ts';
import { readPlace } from './read-place.ts';
import { SharedWork } from './shared-work.ts';
import { withPlace } from './with-place.ts';

/** No expansion takes this long. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

export interface ExpandedPackagesOptions extends ControlOptions {
  /** Made when absent. Holds `<sha256>.tar` and `<sha256>.members` for each package. */
  readonly directory: string;
  /** `path` where packages are files: threads expand them then. `beforeData`: see there. */
  readonly blobs: Pick<BlobStore, 'read'> & {
    path?(apk: Digest): string;
    beforeData?(apk: Digest): BeforeData | undefined;
  };
  readonly random?: Random;
  readonly clock?: Clock;
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
 * damage inside a file shows when it is read, by its CRC-32: the pair is dropped and `APK_CACHE_BROKEN` says to try again. What a
 * crash leaves under a temporary name goes after a day.
 */
export class ExpandedPackages implements PackageOpener {
  readonly #options: ExpandedPackagesOptions;
  readonly #random: Random;
  #isSwept = false;
  readonly #work = new SharedWork<CacheRecord>();
  readonly #windows = new ArchiveWindows();

  constructor(options: ExpandedPackagesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
  }

  /** Throws `BLOB_UNKNOWN`, `APK_DIGEST_MISMATCH`, and what `readPackage` and its data do. */
  async open(apk: Digest): Promise<PackageContents> {
    const record = await this.#record(apk);
    if (this.#options.links !== 'any' && !record.isInside) requireInside(record.members);
    const path = this.#path(apk, 'tar');
    const opened = {
      apk,
      record,
      path,
      archive: new ArchiveReader(path, this.#windows),
      apkPath: this.#options.blobs.path?.(apk),
      segments: new Map(record.segments),
    };
    return {
      apk,
      ...(await packageFacts(record, this.#options)),
      read: (index) => this.#read(opened, index),
      parts: (index) => this.#parts(opened, index),
    };
  }

  /** Where the content of a member lies, and its segments in the package, where that is a file. */
  #parts(opened: OpenedPackage, index: number): readonly StoredPart[] | undefined {
    const { record, path, apkPath } = opened;
    const content = record.members.content(index);
    if (content === undefined) return undefined;
    const segments = opened.segments.get(index);
    const damaged = (): Promise<Error> => this.#drop(opened, index);
    return contentParts(content.sizeBytes).map(({ start, sizeBytes }, i) => {
      const segment = segmentPlace(apkPath, segments?.[i]);
      const place = { path, offset: content.offset + start, sizeBytes, crc: content.sums[i] ?? 0 };
      return {
        ...place,
        segment,
        damaged,
        read: async (into) => {
          if (!readPlace(place, into)) throw await damaged();
        },
        readSegment: (memory) => {
          if (segment === undefined) return undefined;
          const bytes = memory(segment.sizeBytes);
          return readPlace(segment, bytes) ? { bytes, sizeBytes, crc: place.crc } : undefined;
        },
      };
    });
  }

  #record(apk: Digest): Promise<CacheRecord> {
    return this.#work.of(apk, async () => this.#load(apk) ?? this.#expand(apk));
  }

  /** Small files that were read lately mostly, which takes less time than to ask another thread for them: this waits for them. */
  #load(apk: Digest): CacheRecord | undefined {
    try {
      const record = parseRecord(readFileSync(this.#path(apk, 'members')));
      const { size } = statSync(this.#path(apk, 'tar'));
      return record?.tarBytes === size ? record : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw withPlace(error, this.#path(apk, 'members'));
    }
  }

  async #expand(apk: Digest): Promise<CacheRecord> {
    mkdirSync(this.#options.directory, { recursive: true });
    this.#sweep();
    try {
      return await this.#expandNow(apk);
    } catch (error) {
      throw withPlace(error, this.#options.directory);
    }
  }

  /** Once: removes what crashes left. */
  #sweep(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    const { directory, clock = systemClock } = this.#options;
    const abandonedMs = clock.now() - abandonedAfterMs;
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const found = name.endsWith('.tmp') ? statSync(path, { throwIfNoEntry: false }) : undefined;
      if (found !== undefined && found.mtimeMs < abandonedMs) rmSync(path, { force: true });
    }
  }

  async #expandNow(apk: Digest): Promise<CacheRecord> {
    if (await this.#expandInThread(apk)) {
      const expanded = this.#load(apk);
      if (expanded !== undefined) return expanded;
    }
    const record = await expand({
      apk,
      source: this.#options.blobs.read(apk),
      limits: this.#options.limits ?? {},
      writeArchive: (archive) => this.#write(this.#path(apk, 'tar'), archive),
    });
    await this.#write(this.#path(apk, 'members'), printRecord(record));
    return record;
  }

  async #expandInThread(apk: Digest): Promise<boolean> {
    const { blobs, limits = {}, durable = true, directory } = this.#options;
    const file = blobs.path?.(apk);
    if (file === undefined || !isThere(file)) return false;
    const id = this.#random.id();
    const archive = `${this.#path(apk, 'tar')}.${id}.tmp`;
    const record = `${this.#path(apk, 'members')}.${id}.tmp`;
    try {
      const beforeData = blobs.beforeData?.(apk);
      const memoryBytes = memoryFor(file);
      const request = { apk, beforeData, limits, archive, record, durable, file, memoryBytes };
      if (!(await threads.unpack(request))) return false;
      renameSync(archive, this.#path(apk, 'tar'));
      renameSync(record, this.#path(apk, 'members'));
      if (durable) await syncDirectory(directory);
      return true;
    } finally {
      rmSync(archive, { force: true });
      rmSync(record, { force: true });
    }
  }

  #write(path: string, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    const { durable = true } = this.#options;
    return writeWhole(path, source, { id: this.#random.id(), durable });
  }

  async *#read(opened: OpenedPackage, index: number): AsyncGenerator<Uint8Array> {
    const content = opened.record.members.content(index);
    if (content === undefined) return;
    try {
      yield* summed(content.sums, opened.archive.read(content.offset, content.sizeBytes));
    } catch (error) {
      if (!(error instanceof DamagedError) && !isAbsent(error)) throw error;
      throw await this.#drop(opened, index, error);
    }
  }

  /** Has a damaged package expanded again by whoever opens it next. */
  async #drop({ apk, record }: OpenedPackage, index: number, cause?: unknown): Promise<Error> {
    await rm(this.#path(apk, 'members'), { force: true });
    return cacheBroken(apk, record.members.at(index)?.entry.path ?? '', cause);
  }

  #path(apk: Digest, kind: 'tar' | 'members'): string {
    return join(this.#options.directory, `${hexOf(apk)}.${kind}`);
  }
}

/** A package that was opened, and where its parts are. */
interface OpenedPackage {
  readonly apk: Digest;
  readonly record: CacheRecord;
  /** Of the archive of its data. */
  readonly path: string;
  readonly archive: ArchiveReader;
  /** Undefined where packages are no files. */
  readonly apkPath: string | undefined;
  readonly segments: ReadonlyMap<number, readonly StoredSegment[]>;
}

function segmentPlace(
  path: string | undefined,
  segment: StoredSegment | undefined,
): FilePlace | undefined {
  if (path === undefined || segment === undefined) return undefined;
  const { offset, sizeBytes, bytesCrc } = segment;
  return { path, offset, sizeBytes, crc: bytesCrc };
}
