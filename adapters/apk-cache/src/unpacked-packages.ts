import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { recordedSha1 } from '@kiln/apk';
import type { PackageContents, PackageOpener } from '@kiln/assemble';
import { hexOf, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Digest, Random } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';
import { ifAbsent, isAbsent, isThere } from './absent.ts';
import { cacheBroken } from './broken.ts';
import { packageFacts } from './facts.ts';
import type { ControlOptions } from './facts.ts';
import { parseRecord } from './record.ts';
import type { CacheRecord } from './record.ts';
import { SharedWork } from './shared-work.ts';
import { memberName, ownerReads, unpackStream } from './unpack.ts';
import type { UnpackOptions } from './unpack.ts';
import { threads } from './threads.ts';

/** Of processes that mend a package at the same time one may set aside what another has just put there: it is looked for again. */
const triesMax = 5;

export interface UnpackedPackagesOptions extends ControlOptions {
  /** Made when absent, readable by this user alone. Holds a folder for each package. */
  readonly directory: string;
  /** Where the packages are. `read` throws `BLOB_UNKNOWN` for one that is absent. */
  readonly files: {
    path(apk: Digest): string;
    read(apk: Digest): AsyncIterable<Uint8Array>;
    /** See `UnpackOptions`. */
    beforeData?(apk: Digest): UnpackOptions['beforeData'];
  };
  readonly random?: Random;
  readonly clock?: Clock;
}

/** What is not whole after this time was left by a crash. */
const abandonedAfterMs = 6 * 60 * 60 * 1000;

const temporaryPrefix = 'tmp-';
const recordName = 'record';

/**
 * Packages unpacked on disk, each file one of its own, with mode and time, that root file systems link to instead of having a copy:
 * for who makes many environments and no images, which take files in the order of an archive.
 *
 * A package is unpacked and verified once, under a temporary name that is renamed. Nothing waits for the disk, so that a crash of
 * the machine may leave files without their contents: a folder is named by the boot that it was unpacked in, and counts for that
 * alone. Nobody may write to the files. Several processes may share the directory.
 */
export class UnpackedPackages implements PackageOpener {
  readonly #options: UnpackedPackagesOptions;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #work = new SharedWork<CacheRecord>();

  constructor(options: UnpackedPackagesOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
  }

  /** Throws `BLOB_UNKNOWN`, `APK_DIGEST_MISMATCH`, and what `readPackage` and its data do. */
  async open(apk: Digest): Promise<PackageContents> {
    const record = await this.#record(apk);
    return {
      apk,
      ...(await packageFacts(record, this.#options)),
      read: (index) => this.#read(apk, index, record.members.at(index)?.entry),
      file: (index) =>
        linkable(record.members.at(index)?.entry, join(this.#folder(apk), memberName(index))),
    };
  }

  /** Removes packages that were opened last before this time, of other boots, and what crashes left. Environments keep the files that they link to. */
  async forgetUnused(beforeMs: number): Promise<void> {
    const abandonedMs = this.#clock.now() - abandonedAfterMs;
    for (const name of await readdir(this.#options.directory).catch(ifAbsent([]))) {
      const path = join(this.#options.directory, name);
      const found = await stat(path).catch(ifAbsent(undefined));
      if (found === undefined) continue;
      if (name.startsWith(temporaryPrefix)) {
        if (found.mtimeMs < abandonedMs) await rm(path, { recursive: true, force: true });
      } else if (found.mtimeMs < beforeMs || !name.endsWith(bootId())) await this.#drop(path);
    }
  }

  #record(apk: Digest): Promise<CacheRecord> {
    return this.#work.of(apk, async () => {
      for (let tries = 0; tries < triesMax; tries += 1) {
        const record = this.#load(apk);
        if (record !== undefined) return record;
        await this.#unpack(apk);
      }
      const record = this.#load(apk);
      if (record === undefined) throw cacheBroken(apk, '.');
      return record;
    });
  }

  /** A small file that was read lately mostly: see `ExpandedPackages`. */
  #load(apk: Digest): CacheRecord | undefined {
    const folder = this.#folder(apk);
    try {
      const record = parseRecord(readFileSync(join(folder, recordName)));
      if (record === undefined) return undefined;
      const now = this.#clock.now() / 1000;
      utimesSync(folder, now, now);
      return record;
    } catch (error) {
      return ifAbsent(undefined)(error);
    }
  }

  async #unpack(apk: Digest): Promise<void> {
    const { directory, files, limits = {} } = this.#options;
    const temporary = this.#temporary();
    const beforeData = files.beforeData?.(apk);
    const options = { apk, beforeData, limits, directory: temporary, recordName };
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      mkdirSync(temporary, { mode: 0o700 });
      if (!(await this.#unpackInThread(options))) {
        rmSync(temporary, { recursive: true, force: true });
        mkdirSync(temporary, { mode: 0o700 });
        await unpackStream(files.read(apk), options);
      }
      await this.#keep(temporary, apk);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }

  async #unpackInThread(options: UnpackOptions): Promise<boolean> {
    const file = this.#options.files.path(options.apk);
    return isThere(file) && threads.unpack({ ...options, file, memoryBytes: 0 });
  }

  /** What another process has put there meanwhile stays, but for what is damaged. */
  async #keep(temporary: string, apk: Digest): Promise<void> {
    const folder = this.#folder(apk);
    if (await renamed(temporary, folder)) return;
    if (this.#load(apk) !== undefined) return;
    await this.#drop(folder);
    await renamed(temporary, folder);
  }

  async *#read(
    apk: Digest,
    index: number,
    entry: TarEntry | undefined,
  ): AsyncGenerator<Uint8Array> {
    if (entry?.type !== 'file') return;
    const sha1 = createHash('sha1');
    try {
      const stream = createReadStream(join(this.#folder(apk), memberName(index)));
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        sha1.update(chunk);
        yield chunk;
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
      throw await this.#dropped(apk, entry, error);
    }
    if (sha1.digest('hex') !== recordedSha1(entry))
      throw await this.#dropped(apk, entry, new Error('content does not match its SHA-1'));
  }

  async #dropped(apk: Digest, entry: TarEntry, cause: unknown): Promise<Error> {
    await this.#drop(this.#folder(apk));
    return cacheBroken(apk, entry.path, cause);
  }

  /** Set aside first: another process finds it whole or not at all. */
  async #drop(path: string): Promise<void> {
    const aside = this.#temporary();
    await rename(path, aside).catch(ifAbsent(undefined));
    await rm(aside, { recursive: true, force: true });
  }

  #temporary(): string {
    return join(this.#options.directory, `${temporaryPrefix}${this.#random.id()}`);
  }

  #folder(apk: Digest): string {
    return join(this.#options.directory, `${hexOf(apk)}-${bootId()}`);
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

/** Who may not read a file may not link to it either, by the rules of many a kernel. */
function linkable(entry: TarEntry | undefined, path: string): string | undefined {
  return entry !== undefined && ownerReads(entry) ? path : undefined;
}

let boot: string | undefined;

/** What the kernel calls the time since the machine was started. */
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}
