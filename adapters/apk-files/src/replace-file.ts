import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WaitingWriter } from '@kiln/base';
import type { Random } from '@kiln/base';

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ReplaceFileOptions {
  /** Whether the file outlasts a crash of the machine, default true: not for what takes long to sync and is made again. */
  readonly durable?: boolean | undefined;
  /** Whether this thread waits for the system, which takes less time where it has nothing else to do, default false. */
  readonly waits?: boolean | undefined;
  /**
   * Makes a folder beside the file, which is written there under its own name and moved out; for who can tell later which folders
   * are of processes that were killed. A temporary name beside the file unless given.
   */
  readonly folderBeside?: ((file: string) => Promise<WritingFolder>) | undefined;
}

export interface WritingFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Writes a file that is there whole or not at all, also after a crash: beside it under a temporary name, synced unless told
 * otherwise, renamed, the folder synced. A file that was there keeps its mode, and a link still leads to it, as it does to one that
 * was not there. What is no regular file, such as `/dev/stdout`, is written to as it is. What `source` throws leaves nothing behind. It is asked for the next chunk
 * while one is written, whose memory it may use again for the chunk after the next.
 */
export async function replaceFile(
  path: string,
  source: ByteSource,
  random: Random,
  { folderBeside, ...options }: ReplaceFileOptions = {},
): Promise<void> {
  const { durable = true } = options;
  const present = tried(() => statSync(path));
  if (present !== undefined && !present.isFile() && !present.isDirectory()) {
    await using target = await open(path, 'w');
    return await write(target, source);
  }
  const place = present === undefined ? ledTo(path) : realpathSync(path);
  await using folder = await folderBeside?.(place);
  const temporary =
    folder === undefined ? `${place}.${random.id()}.tmp` : join(folder.path, basename(place));
  try {
    await writeTemporary(temporary, source, { mode: present?.mode, ...options });
    renameSync(temporary, place);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (durable) await syncDirectory(dirname(place));
}

/** As many as the kernel follows. */
const linksMax = 40;

/** Where a path leads where nothing is: the target of a dangling link. Of links that lead nowhere it throws `ELOOP`. */
function ledTo(path: string): string {
  let place = path;
  for (let links = 0; links <= linksMax; links += 1) {
    const from = place;
    const target = tried(() => readlinkSync(from));
    if (target === undefined) return place;
    // Not normalized: `..` behind a link leads out of its target.
    place = isAbsolute(target) ? target : `${dirname(place)}/${target}`;
  }
  return realpathSync(path);
}

function tried<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

export interface TemporaryFile extends Pick<ReplaceFileOptions, 'durable' | 'waits'> {
  /** Set whatever the umask; without it the umask decides. */
  readonly mode?: number | undefined;
}

/** A new file, synced unless told otherwise. */
export async function writeTemporary(
  path: string,
  source: ByteSource,
  { mode, durable = true, waits = false }: TemporaryFile = {},
): Promise<void> {
  const modeAtFirst = mode === undefined ? 0o666 : mode & 0o600;
  if (waits) {
    const file = openSync(path, 'wx', modeAtFirst);
    try {
      await writeWaiting(file, source);
      if (mode !== undefined) fchmodSync(file, mode & 0o7777);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return;
  }
  await using file = await open(path, 'wx', modeAtFirst);
  await write(file, source);
  if (mode !== undefined) await file.chmod(mode & 0o7777);
  if (durable) await file.sync();
}

/** Signals and timers come each time that so much is written. */
const turnBytes = 16 * 2 ** 20;

async function writeWaiting(file: number, source: ByteSource): Promise<void> {
  const writer = new WaitingWriter((bytes) => writeSync(file, bytes));
  let inTurn = 0;
  for await (const chunk of source) {
    writer.write(chunk);
    inTurn += chunk.length;
    if (inTurn < turnBytes) continue;
    await nextTurn();
    inTurn = 0;
  }
  writer.end();
}

/** Smaller chunks are gathered to about this before they are written. */
const writeBytesMin = 128 * 1024;

async function write(file: FileHandle, source: ByteSource): Promise<void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let writing = Promise.resolve();
  let isLent = false;
  const add = async (bytes: Uint8Array, { lent }: { readonly lent: boolean }): Promise<void> => {
    await writing;
    writing = file.writeFile(bytes);
    isLent = lent;
    // Whoever waits for it is told; nobody does when the source fails.
    writing.catch(() => undefined);
  };
  const flush = async (): Promise<void> => {
    if (pendingBytes > 0) await add(Buffer.concat(pending), { lent: false });
    pending = [];
    pendingBytes = 0;
  };
  try {
    for await (const chunk of source) {
      if (chunk.length >= writeBytesMin) {
        await flush();
        await add(chunk, { lent: true });
        continue;
      }
      // Small ones are copied, and would come past a large one that is being written still.
      if (isLent) await writing;
      pending.push(Buffer.from(chunk));
      pendingBytes += chunk.length;
      if (pendingBytes >= writeBytesMin) await flush();
    }
    await flush();
  } finally {
    await writing;
  }
}

export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
