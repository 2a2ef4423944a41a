import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Random } from '@kiln/base';

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Writes a file that is there whole or not at all, also after a crash: beside it under a temporary name, synced,
 * renamed, the folder synced. A file that was there keeps its mode, and a link still leads to it. What is no regular
 * file, such as `/dev/stdout`, is written to as it is. What `source` throws leaves nothing behind.
 */
export async function replaceFile(path: string, source: ByteSource, random: Random): Promise<void> {
  const present = await stat(path).catch(() => undefined);
  if (present !== undefined && !present.isFile() && !present.isDirectory()) {
    await using target = await open(path, 'w');
    return write(target, source);
  }
  const place = present === undefined ? path : await realpath(path);
  const temporary = `${place}.${random.id()}.tmp`;
  try {
    await writeTemporary(temporary, source, present === undefined ? undefined : present.mode);
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(place));
}

/** A new synced file; `mode` is set whatever the umask, and without it the umask decides. */
export async function writeTemporary(
  path: string,
  source: ByteSource,
  mode: number | undefined,
): Promise<void> {
  await using file = await open(path, 'wx', mode === undefined ? 0o666 : mode & 0o600);
  await write(file, source);
  if (mode !== undefined) await file.chmod(mode & 0o7777);
  await file.sync();
}

async function write(file: FileHandle, source: ByteSource): Promise<void> {
  for await (const chunk of source) await file.writeFile(chunk);
}

export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
