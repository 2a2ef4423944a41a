import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { writeAll } from '@kiln/base';
import type { Clock, Random } from '@kiln/base';
import type { ComposedBlob } from '@kiln/blobs';
import { namesIn, renameInto } from './disk.ts';
import { hasErrno, translateErrno } from './errno.ts';
import type { PackBlock } from './pack-format.ts';
import { PackHead, packTrailerBytes, parseTrailer, printPack } from './pack-format.ts';
import { packInvalid } from './pack-invalid.ts';
import { staleTemporaryMs, sweepTemporary } from './temporary.ts';

const decompress = promisify(zstdDecompress);
const namePattern = /^[0-9a-f]{32}$/;

export interface PackFilesOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Packs as files `ab/<32 hexadecimal digits>` below one directory; the name is random. A pack is written to
 * `temporary/`, synced and renamed, and the directory is synced: whoever has the name of a written pack can read it after a
 * crash. A pack is never changed.
 */
export class PackFiles {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: PackFilesOptions) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Writes a pack of these blobs and returns its name once it is durable. */
  async write(blobs: readonly ComposedBlob[]): Promise<string> {
    const name = this.#random.id(16);
    const temporary = join(this.#directory, 'temporary', name);
    const bytes = Buffer.concat(printPack(blobs));
    try {
      await mkdir(dirname(temporary), { recursive: true });
      {
        await using file = await open(temporary, 'wx', 0o644);
        await writeAll(file, bytes);
        await file.sync();
      }
      await renameInto(temporary, this.#path(name));
      return name;
    } catch (error) {
      await rm(temporary, { force: true });
      throw translateErrno(error, this.#directory);
    }
  }

  /** The checked head; undefined when there is no such pack. Throws `BLOB_PACK_INVALID`. */
  async head(name: string): Promise<PackHead | undefined> {
    await using file = await this.#open(name);
    if (file === undefined) return undefined;
    const { size } = await file.stat();
    const at = Math.max(0, size - packTrailerBytes);
    const trailer = parseTrailer(name, await readAt(file, at, packTrailerBytes), size);
    return new PackHead(name, await readAt(file, trailer.offset, trailer.length), trailer);
  }

  /** A decompressed block; undefined when there is no such pack. Throws `BLOB_PACK_INVALID`. */
  async block(name: string, block: PackBlock): Promise<Buffer | undefined> {
    await using file = await this.#open(name);
    if (file === undefined) return undefined;
    const frame = await readAt(file, block.offset, block.length);
    let raw: Buffer;
    try {
      raw = await decompress(frame, { maxOutputLength: Math.max(1, block.rawLength) });
    } catch (error) {
      throw packInvalid(name, 'a block is damaged', error);
    }
    if (raw.length !== block.rawLength) throw packInvalid(name, 'a block has another length');
    return raw;
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  /** Removes what killed writers left, and gives the names of packs that were written more than a day ago. */
  async *old(): AsyncIterable<string> {
    const now = this.#clock.now();
    for (const prefix of await namesIn(this.#directory)) {
      const folder = join(this.#directory, prefix);
      if (prefix === 'temporary') await sweepTemporary(folder, now);
      for (const name of await namesIn(folder)) {
        if (!namePattern.test(name) || !name.startsWith(prefix)) continue;
        const found = await stat(join(folder, name)).catch(() => undefined);
        if (found !== undefined && found.mtimeMs < now - staleTemporaryMs) yield name;
      }
    }
  }

  #path(name: string): string {
    if (!namePattern.test(name)) throw packInvalid(name.slice(0, 40), 'not the name of a pack');
    return join(this.#directory, name.slice(0, 2), name);
  }

  async #open(name: string): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(name), 'r');
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw translateErrno(error, this.#directory);
    }
  }
}

/** As many bytes as there are. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(buffer, at, length - at, position + at);
    if (bytesRead === 0) return buffer.subarray(0, at);
    at += bytesRead;
  }
  return buffer;
}
