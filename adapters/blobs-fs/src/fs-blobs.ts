import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, opendir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
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
import type { BlobStat, BlobStore, ByteRange } from '@kiln/blobs';
import {
  blobBytesLimitDefault,
  blobDigestMismatch,
  blobTooLarge,
  blobUnknown,
  clampRange,
} from '@kiln/blobs';
import { namesIn, renameDurably, writeAll } from './disk.ts';
import { hasErrno, translateErrno } from './errno.ts';
import { sweepTemporary } from './temporary.ts';

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

const chunkBytes = 256 * 1024;

/**
 * Blobs as files `sha256/ab/<64 hexadecimal digits>` below one directory.
 *
 * A blob is written to `temporary/`, checked, synced and then renamed; the rename is the commit point and the
 * directory entry is synced after it. A process killed at any step leaves either the whole blob or a temporary file,
 * and the first use of a store removes those of its owner and others older than a day. Several processes may share a
 * directory.
 */
export class FsBlobs implements BlobStore {
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
    try {
      const found = await stat(this.path(digest));
      return found.isFile() ? { digest, sizeBytes: found.size } : undefined;
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw translateErrno(error, this.directory);
    }
  }

  async *read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array> {
    await using file = await this.#open(digest);
    const { start, end } = clampRange(range, (await file.stat()).size);
    let at = start;
    while (at < end) {
      const length = Math.min(chunkBytes, end - at);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
      if (bytesRead === 0) throw blobUnknown(digest);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async bytes(digest: Digest, limitBytes: number = blobBytesLimitDefault): Promise<Uint8Array> {
    await using file = await this.#open(digest);
    const { size } = await file.stat();
    if (size > limitBytes) throw blobTooLarge(digest, size, limitBytes);
    return file.readFile();
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
   * Makes a file a blob: it is read once, to check it, and then gets the blob's name, so that nothing is written again
   * where both are on one file system. The file is gone afterwards; with another content than `expected` it stays, and
   * `BLOB_DIGEST_MISMATCH` is thrown. Nobody may write to it meanwhile.
   */
  async take(file: string, expected: Digest): Promise<BlobStat> {
    parseDigest(expected);
    const found = await this.#guard(inspectFile(file));
    if (found.digest !== expected) throw blobDigestMismatch(expected, found.digest);
    await this.#guard(this.#prepare());
    try {
      await this.#commit(file, found);
    } catch (error) {
      if (!hasErrno(error, 'EXDEV')) throw translateErrno(error, this.directory);
      await this.put(createReadStream(file), expected);
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
    const root = join(this.directory, 'sha256');
    for (const prefix of await namesIn(root)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for await (const entry of await opendir(join(root, prefix))) {
        if (!entry.isFile() || !isDigest(`sha256:${entry.name}`)) continue;
        const found = await this.stat(digestFromHex(entry.name));
        if (found !== undefined) yield found;
      }
    }
  }

  get #temporaryDirectory(): string {
    return join(this.directory, 'temporary', this.#owner ?? '');
  }

  /** What is at hand and there already is not written again. */
  async #known(bytes: Uint8Array, expected: Digest | undefined): Promise<BlobStat | undefined> {
    const digest = digestOf(bytes);
    if (expected !== undefined && digest !== expected) throw blobDigestMismatch(expected, digest);
    const found = await this.stat(digest);
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
    const hash = createHash('sha256');
    let sizeBytes = 0;
    await using file = await this.#guard(open(path, 'wx', 0o644));
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await this.#guard(writeAll(file, chunk));
    }
    await this.#guard(file.sync());
    return { digest: digestFromHex(hash.digest('hex')), sizeBytes };
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
    if ((await this.stat(digest))?.sizeBytes === sizeBytes) return;
    await renameDurably(temporary, this.path(digest));
  }

  async #open(digest: Digest): Promise<FileHandle> {
    try {
      return await open(this.path(digest), 'r');
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) throw blobUnknown(digest);
      throw translateErrno(error, this.directory);
    }
  }
}

/** What a file holds, once it is on disk. */
async function inspectFile(path: string): Promise<BlobStat> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  await using file = await open(path, 'r+');
  await file.chmod(0o644);
  await file.sync();
  const stream = file.createReadStream({ autoClose: false, highWaterMark: chunkBytes });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { digest: digestFromHex(hash.digest('hex')), sizeBytes };
}
