import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, opendir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock, Digest, Random } from '@kiln/base';
import {
  digestFromHex,
  digestOf,
  hexOf,
  isDigest,
  parseDigest,
  systemClock,
  systemRandom,
} from '@kiln/base';
import type {
  BlobStat,
  ByteRange,
  CollectRequest,
  CollectableBlobs,
  ReadBlobOptions,
} from '@kiln/blobs';
import { blobBytesLimitDefault, blobDigestMismatch, blobUnknown } from '@kiln/blobs';
import { namesIn, renameInto } from './disk.ts';
import { hasErrno, translateErrno } from './errno.ts';
import { checkFile, inspect, renamed, stamp, touchFile, unlessGone, unlinked } from './files.ts';
import { readRange, readWhole } from './read-blob.ts';
import { sweepTemporary } from './temporary.ts';
import { writeHashed } from './write-blob.ts';

export interface FsBlobsOptions {
  /** Made when absent. Everything below it belongs to the store. */
  readonly directory: string;
  /**
   * Says that one process at a time writes under this name (lower-case letters): what it left unfinished when it was
   * killed is removed as soon as its successor writes, and not after a day.
   */
  readonly owner?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface TakeOptions {
  readonly expected?: Digest | undefined;
  /** What the caller wrote to the file, which is not read again where it has that size. */
  readonly written?: BlobStat | undefined;
}

/**
 * Blobs as files `sha256/ab/<64 hexadecimal digits>` below one directory.
 *
 * A blob is written to `temporary/`, checked, synced and then renamed; the rename is the commit point and the
 * directory entry is synced after it. A process killed at any step leaves either the whole blob or a temporary file,
 * and the first use of a store removes those of its owner and others older than a day. Several processes may share a
 * directory.
 *
 * A file's modification time is when the blob was used last. A collector first renames an unused file to `aside/`, where
 * it can still be read and from where any use brings it back, looks at the time again, and only then unlinks it. So a use
 * either comes before the rename, and the time tells of it, or finds no file under the blob's name, and makes one. What
 * a killed collector left in `aside/` the next one puts back or removes.
 */
export class FsBlobs implements CollectableBlobs {
  readonly directory: string;
  readonly #owner: string | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  #ready: Promise<void> | undefined;

  constructor(options: FsBlobsOptions) {
    this.directory = resolve(options.directory);
    this.#owner = options.owner;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /** Takes the directory up now, and not at the first write: removes what a killed owner left. */
  async open(): Promise<void> {
    await this.#guard(this.#prepare());
  }

  /** Where the blob is, or would be: for local tools that read it. Never write there. Throws `DIGEST_INVALID`. */
  path(digest: Digest): string {
    const hex = hexOf(parseDigest(digest));
    return join(this.directory, 'sha256', hex.slice(0, 2), hex);
  }

  async stat(digest: Digest): Promise<BlobStat | undefined> {
    const found = await this.#whereverItIs(digest, inspect);
    return found && { digest, sizeBytes: found.sizeBytes };
  }

  async touch(digest: Digest): Promise<BlobStat | undefined> {
    const path = this.path(digest);
    const found = await this.#guard(touchFile(path, this.#clock.now()));
    if (found !== undefined) return { digest, sizeBytes: found };
    // A collector may be about to remove it.
    if (!(await this.#guard(renamed(this.#aside(digest), path)))) return undefined;
    const saved = await this.#guard(touchFile(path, this.#clock.now()));
    return saved === undefined ? undefined : { digest, sizeBytes: saved };
  }

  read(
    digest: Digest,
    range?: ByteRange,
    options: ReadBlobOptions = {},
  ): AsyncIterable<Uint8Array> {
    return readRange((one) => this.#open(one), digest, { ...options, range });
  }

  bytes(digest: Digest, limitBytes: number = blobBytesLimitDefault): Promise<Uint8Array> {
    return readWhole((one) => this.#open(one), digest, limitBytes);
  }

  async put(source: Uint8Array | AsyncIterable<Uint8Array>, expected?: Digest): Promise<BlobStat> {
    if (expected !== undefined) parseDigest(expected);
    if (source instanceof Uint8Array) {
      const known = await this.#known(source, expected);
      if (known !== undefined) return known;
    }
    await this.#guard(this.#prepare());
    const temporary = join(this.#temporaryDirectory, this.#random.id(16));
    try {
      const written = await this.#write(temporary, source);
      if (expected !== undefined && written.digest !== expected) {
        throw blobDigestMismatch(expected, written.digest);
      }
      await this.#guard(this.#commit(temporary, written));
      return written;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Makes a file a blob: it is read once, to check it, unless the caller says what it has written to it, and then gets the blob's name,
   * so that nothing is written again where both are on one file system. The file is gone afterwards; with another content than
   * `expected`, if that is given, it stays, and `BLOB_DIGEST_MISMATCH` is thrown. Nobody may write to it meanwhile.
   */
  async take(file: string, { expected, written }: TakeOptions = {}): Promise<BlobStat> {
    if (expected !== undefined) parseDigest(expected);
    const found = await this.#guard(checkFile(file, { nowMs: this.#clock.now(), written }));
    if (expected !== undefined && found.digest !== expected)
      throw blobDigestMismatch(expected, found.digest);
    await this.#guard(this.#prepare());
    try {
      await this.#commit(file, found);
    } catch (error) {
      if (!hasErrno(error, 'EXDEV')) throw translateErrno(error, this.directory);
      await this.put(createReadStream(file), found.digest);
    }
    await rm(file, { force: true });
    return found;
  }

  async delete(digest: Digest): Promise<boolean> {
    try {
      await rm(this.path(digest));
      return true;
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw translateErrno(error, this.directory);
    }
  }

  async *list(): AsyncIterable<BlobStat> {
    for await (const digest of this.#digests()) {
      const found = await this.stat(digest);
      if (found !== undefined) yield found;
    }
  }

  async *collect(request: CollectRequest): AsyncIterable<BlobStat> {
    const { keeps, unusedSince, dryRun } = request;
    yield* this.#clearAside(request);
    for await (const digest of this.#digests()) {
      if (keeps(digest)) continue;
      const found = await inspect(this.path(digest));
      if (found === undefined || found.usedAt >= unusedSince) continue;
      if (dryRun || (await this.#guard(this.#collectOne(digest, unusedSince))))
        yield { digest, sizeBytes: found.sizeBytes };
    }
  }

  async *#digests(): AsyncIterable<Digest> {
    const root = join(this.directory, 'sha256');
    for (const prefix of await namesIn(root)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for await (const entry of await opendir(join(root, prefix)))
        if (entry.isFile() && isDigest(`sha256:${entry.name}`)) yield digestFromHex(entry.name);
    }
  }

  /** False when somebody used the blob before it was gone. */
  async #collectOne(digest: Digest, unusedSince: number): Promise<boolean> {
    const path = this.path(digest);
    const aside = this.#aside(digest);
    await mkdir(dirname(aside), { recursive: true });
    if (!(await renamed(path, aside))) return false;
    const found = await inspect(aside);
    if (found === undefined) return false;
    if (found.usedAt < unusedSince) return unlinked(aside);
    await renamed(aside, path);
    return false;
  }

  /** Ends what a killed collector began; in a dry run it says only what would go. */
  async *#clearAside({ keeps, unusedSince, dryRun }: CollectRequest): AsyncIterable<BlobStat> {
    for (const name of await namesIn(join(this.directory, 'aside'))) {
      if (!isDigest(`sha256:${name}`)) continue;
      const digest = digestFromHex(name);
      const aside = this.#aside(digest);
      const found = await inspect(aside);
      if (found === undefined) continue;
      if (keeps(digest) || found.usedAt >= unusedSince) {
        if (!dryRun) await this.#guard(renamed(aside, this.path(digest)));
      } else if (dryRun || (await this.#guard(unlinked(aside)))) {
        yield { digest, sizeBytes: found.sizeBytes };
      }
    }
  }

  #aside(digest: Digest): string {
    return join(this.directory, 'aside', hexOf(digest));
  }

  /** Looks under the blob's name, where a collector puts it aside, and again where it puts it back. */
  async #whereverItIs<T>(
    digest: Digest,
    look: (path: string) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const path = this.path(digest);
    const work = async (): Promise<T | undefined> =>
      (await look(path)) ?? (await look(this.#aside(digest))) ?? (await look(path));
    return this.#guard(work());
  }

  get #temporaryDirectory(): string {
    return join(this.directory, 'temporary', this.#owner ?? '');
  }

  /** What is at hand and there already is not written again. */
  async #known(bytes: Uint8Array, expected: Digest | undefined): Promise<BlobStat | undefined> {
    const digest = digestOf(bytes);
    if (expected !== undefined && digest !== expected) throw blobDigestMismatch(expected, digest);
    const found = await this.touch(digest);
    return found?.sizeBytes === bytes.length ? found : undefined;
  }

  /** Once per store; a failure is not remembered, so that a full or missing disk can come back. */
  async #prepare(): Promise<void> {
    this.#ready ??= this.#takeUp();
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #takeUp(): Promise<void> {
    if (this.#owner !== undefined)
      await rm(this.#temporaryDirectory, { recursive: true, force: true });
    await mkdir(this.#temporaryDirectory, { recursive: true });
    await sweepTemporary(join(this.directory, 'temporary'), this.#clock.now());
  }

  /** Writes, hashes and syncs a new file. What the source throws passes as it is. */
  async #write(path: string, source: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobStat> {
    await using file = await this.#guard(open(path, 'wx', 0o644));
    const written = await writeHashed(file, source, (work) => this.#guard(work));
    await this.#guard(stamp(file, this.#clock.now()));
    await this.#guard(file.sync());
    return written;
  }

  /** Names what the disk said. */
  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw translateErrno(error, this.directory);
    }
  }

  /** Gives a complete file its name. A blob that exists keeps its file, unless that file was cut short. */
  async #commit(temporary: string, { digest, sizeBytes }: BlobStat): Promise<void> {
    if ((await this.touch(digest))?.sizeBytes === sizeBytes) return;
    await renameInto(temporary, this.path(digest));
  }

  async #open(digest: Digest): Promise<FileHandle> {
    const file = await this.#whereverItIs(digest, (path) => unlessGone(open(path, 'r')));
    if (file === undefined) throw blobUnknown(digest);
    return file;
  }
}
