import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '@kiln/base';
import { GatheredWriter, KilnError, RecentlyUsed, digestFromHex, shorten } from '@kiln/base';
import type { BlobStat } from '@kiln/blobs';
import { RegistryRefusal } from './refusal.ts';

export interface UploadSessionsOptions {
  readonly directory: string;
  readonly blobBytesMax: number;
  readonly uploadsMax: number;
  readonly uploadIdleMs: number;
  readonly uploadYieldMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** A chunk's place, from `Content-Range: <start>-<end>` with both ends included; undefined when it is streamed. */
export interface ChunkRange {
  readonly start: number;
  readonly endInclusive: number;
}

/** Bytes on their way into a session. */
export interface UploadPart {
  readonly repository: string;
  readonly id: string;
  /** Undefined: whatever comes, at the end. */
  readonly range: ChunkRange | undefined;
}

/** How the file of a session becomes a blob. */
export interface FinishSteps {
  /** Checks the file, and removes it when it is as expected; `written` is what it holds, where this process received all of it. */
  readonly take: (file: string, written: BlobStat | undefined) => Promise<BlobStat>;
  /** Makes the blob visible. */
  readonly show: (blob: BlobStat) => Promise<void>;
  /** The first bytes of the blob, for a session that goes on because it could not be shown. */
  readonly read: (blob: BlobStat, sizeBytes: number) => AsyncIterable<Uint8Array>;
}

/** The first bytes of a session, as this process received them. */
interface Received {
  readonly hash: Hash;
  readonly sizeBytes: number;
}

const sweepEveryMs = 60_000;

/**
 * Uploads under way, one file each: what has been received so far, and nothing else. The file's name holds the random
 * id and a digest of the repository, so that a session exists only under the repository that opened it. Its size is
 * the offset of the next chunk, also after a crash. The bytes become a blob only when a digest is given for them.
 * One process serves a session; others may share the directory.
 */
export class UploadSessions {
  readonly #options: UploadSessionsOptions;
  readonly #busy = new Set<string>();
  readonly #received: RecentlyUsed<string, Received>;
  /** How far the sessions are that a chunk of is being received. */
  readonly #arriving = new Map<string, number>();
  #sweptAt = 0;

  constructor(options: UploadSessionsOptions) {
    this.#options = options;
    this.#received = new RecentlyUsed({ bytesMax: Infinity, entriesMax: options.uploadsMax });
  }

  /** The id of a new, empty session. Throws a refusal `TOOMANYREQUESTS`. */
  async create(repository: string): Promise<string> {
    const { directory, uploadsMax, random } = this.#options;
    await mkdir(directory, { recursive: true });
    if ((await this.#alive()) >= uploadsMax) {
      throw new RegistryRefusal('TOOMANYREQUESTS', 'too many uploads under way', {
        headers: { 'retry-after': '60' },
      });
    }
    const id = random.id(16);
    // Not synced: a session that a crash of the machine takes is one that its client starts again.
    const file = await open(this.#path(repository, id), 'wx', 0o600);
    await file.close();
    this.#remember(id, { hash: createHash('sha256'), sizeBytes: 0 });
    return id;
  }

  /** How many bytes have arrived, those on their way to the file too. Throws a refusal `BLOB_UPLOAD_UNKNOWN`. */
  async arrived(repository: string, id: string): Promise<number> {
    return Math.max(await this.size(repository, id), this.#arriving.get(id) ?? 0);
  }

  /** How many bytes are in the file. Throws a refusal `BLOB_UPLOAD_UNKNOWN`. */
  async size(repository: string, id: string): Promise<number> {
    try {
      return (await stat(this.#path(repository, id))).size;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw uploadUnknown(id);
      throw error;
    }
  }

  /**
   * Adds a chunk and returns the new size. Throws a refusal with status 416 when the chunk is not the next one, 413
   * above the size limit, `SIZE_INVALID` when the body is longer than its range; the session then stays as it was.
   * What arrived of a broken connection is kept.
   */
  async append(session: UploadPart, body: AsyncIterable<Uint8Array>): Promise<number> {
    return this.exclusively(session.id, async () => (await this.#receive(session, body)).end);
  }

  /**
   * Adds the last bytes, if any, and makes the file a blob that is shown. What `append` refuses, and what the steps throw, leaves
   * the session as it was.
   */
  async finish(
    session: UploadPart,
    body: AsyncIterable<Uint8Array>,
    steps: FinishSteps,
  ): Promise<void> {
    return this.exclusively(session.id, async () => {
      const before = this.#received.get(session.id);
      const { start, end } = await this.#receive(session, body);
      const path = this.#path(session.repository, session.id);
      let blob: BlobStat | undefined;
      try {
        blob = await steps.take(path, this.#writtenOf(session.id, end));
        await steps.show(blob);
        this.#received.delete(session.id);
      } catch (error) {
        // What cannot be brought back, because the disk is full, its client begins anew.
        await (
          blob === undefined ? truncate(path, start) : writeAnew(path, steps.read(blob, start))
        ).catch(() => undefined);
        if (before !== undefined) this.#remember(session.id, before);
        throw error;
      }
    });
  }

  /** What a file of this size holds, where all of it came through this process. */
  #writtenOf(id: string, sizeBytes: number): BlobStat | undefined {
    const received = this.#received.get(id);
    if (received?.sizeBytes !== sizeBytes) return undefined;
    return { digest: digestFromHex(received.hash.copy().digest('hex')), sizeBytes };
  }

  #remember(id: string, received: Received): void {
    this.#received.set(id, received, 0);
  }

  /** Where the bytes of the body were put. */
  async #receive(
    { repository, id, range }: UploadPart,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly start: number; readonly end: number }> {
    const start = await this.size(repository, id);
    const before = this.#received.get(id);
    const hash = before?.sizeBytes === start ? before.hash.copy() : undefined;
    this.#received.delete(id);
    await using file = await open(this.#path(repository, id), 'a');
    const writer = new GatheredWriter(file);
    let end = start;
    try {
      for await (const chunk of this.bounded({ start, range }, body)) {
        hash?.update(chunk);
        await writer.write(chunk);
        end += chunk.length;
        this.#arriving.set(id, end);
      }
      await writer.end();
    } catch (error) {
      await this.#giveUp(error, { file, writer, start });
    } finally {
      this.#arriving.delete(id);
    }
    if (hash !== undefined) this.#remember(id, { hash, sizeBytes: end });
    return { start, end };
  }

  /** What was refused is as if it had not come; what came before a connection broke stays. Throws the error. */
  async #giveUp(
    error: unknown,
    {
      file,
      writer,
      start,
    }: { readonly file: FileHandle; readonly writer: GatheredWriter; readonly start: number },
  ): Promise<never> {
    if (error instanceof KilnError) {
      await writer.settled();
      await file.truncate(start);
    } else await writer.end().catch(() => undefined);
    throw noSpace(error);
  }

  /** The body, refused when it is not the next chunk or grows beyond its range or the size limit of a blob. */
  async *bounded(
    place: { readonly start: number; readonly range: ChunkRange | undefined },
    body: AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array> {
    const { start, range } = place;
    if (range !== undefined && range.start !== start) throw outOfOrder(start);
    const end = range === undefined ? Number.POSITIVE_INFINITY : range.endInclusive + 1;
    let at = start;
    for await (const chunk of body) {
      at += chunk.length;
      if (at > this.#options.blobBytesMax) {
        throw new RegistryRefusal(
          'SIZE_INVALID',
          `a blob may have at most ${this.#options.blobBytesMax} bytes`,
          {
            status: 413,
          },
        );
      }
      if (at > end) throw new RegistryRefusal('SIZE_INVALID', 'the chunk is longer than its range');
      yield chunk;
    }
    if (at < end && range !== undefined) {
      throw new RegistryRefusal('SIZE_INVALID', 'the chunk is shorter than its range');
    }
  }

  /** Forgets a session. Throws a refusal `BLOB_UPLOAD_UNKNOWN`. */
  async remove(repository: string, id: string): Promise<void> {
    this.#received.delete(id);
    try {
      await rm(this.#path(repository, id));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw uploadUnknown(id);
      throw error;
    }
  }

  /** Runs one step of a session at a time. Throws a refusal with status 409 while another is under way. */
  async exclusively<T>(id: string, step: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) {
      throw new RegistryRefusal(
        'BLOB_UPLOAD_INVALID',
        'another chunk of this upload is being received',
        {
          status: 409,
        },
      );
    }
    this.#busy.add(id);
    try {
      return await step();
    } finally {
      this.#busy.delete(id);
    }
  }

  #path(repository: string, id: string): string {
    if (!/^[0-9a-f]{32}$/.test(id)) throw uploadUnknown(id);
    const owner = createHash('sha256').update(repository).digest('hex').slice(0, 32);
    return join(this.#options.directory, `${id}-${owner}`);
  }

  /** How many sessions there are. Idle ones are looked for once a minute, and when there are too many. */
  async #alive(): Promise<number> {
    const { directory, clock, uploadsMax } = this.#options;
    const names = (await readdir(directory)).filter((name) =>
      /^[0-9a-f]{32}-[0-9a-f]{32}$/.test(name),
    );
    const now = clock.now();
    if (names.length < uploadsMax && now < this.#sweptAt + sweepEveryMs) return names.length;
    this.#sweptAt = now;
    return this.#sweep(names);
  }

  /** Removes idle sessions, also those that give way to another, and counts what is left. */
  async #sweep(names: readonly string[]): Promise<number> {
    const { directory, clock, uploadsMax, uploadIdleMs, uploadYieldMs } = this.#options;
    const sessions: { readonly name: string; readonly found: Stats }[] = [];
    for (const name of names) {
      // A session that ended meanwhile is gone, which is all that is wanted.
      const found = await stat(join(directory, name)).catch(() => undefined);
      if (found !== undefined) sessions.push({ name, found });
    }
    let alive = sessions.length;
    for (const { name, found } of sessions.toSorted(byLoss)) {
      const id = name.slice(0, 32);
      const idleMs = clock.now() - found.mtimeMs;
      const goes = idleMs > uploadIdleMs || (alive >= uploadsMax && idleMs > uploadYieldMs);
      if (!goes || this.#busy.has(id)) continue;
      await this.exclusively(id, () => rm(join(directory, name), { force: true }));
      this.#received.delete(id);
      alive -= 1;
    }
    return alive;
  }
}

async function writeAnew(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  const writer = new GatheredWriter(file);
  for await (const chunk of bytes) await writer.write(chunk);
  await writer.end();
}

/** What its client misses least comes first: sessions without a byte, then those that wait for longest. */
function byLoss(a: { readonly found: Stats }, b: { readonly found: Stats }): number {
  const isBegun = ({ size }: Stats): number => (size > 0 ? 1 : 0);
  return isBegun(a.found) - isBegun(b.found) || a.found.mtimeMs - b.found.mtimeMs;
}

function uploadUnknown(id: string): RegistryRefusal {
  return new RegistryRefusal('BLOB_UPLOAD_UNKNOWN', `no such upload: "${shorten(id)}"`);
}

function outOfOrder(sizeBytes: number): RegistryRefusal {
  return new RegistryRefusal('BLOB_UPLOAD_INVALID', `the next chunk starts at ${sizeBytes}`, {
    status: 416,
    headers: { range: receivedRange(sizeBytes) },
  });
}

/** The `Range` header of a session: what has arrived, both ends included; `0-0` also when nothing has. */
export function receivedRange(sizeBytes: number): string {
  return `0-${Math.max(0, sizeBytes - 1)}`;
}

function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function noSpace(error: unknown): unknown {
  if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return error;
  return new KilnError('BLOB_NO_SPACE', 'no space left for uploads', {
    hint: 'free or add disk space and try again',
    retry: 'later',
    cause: error,
  });
}
