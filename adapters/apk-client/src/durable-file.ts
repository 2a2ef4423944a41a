import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failure, hasErrno } from './failure.ts';

/**
 * Writes a file that is there whole or not at all, also after a crash: to `temporary`, synced, renamed to what `place` says
 * of it, the directory synced. What `source` or `place` throws leaves nothing behind. Both paths are in one directory.
 * Throws `APK_CLIENT_NO_SPACE` (retry later).
 */
export async function writeDurably(options: {
  readonly temporary: string;
  readonly source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** The path that the file gets, once it is complete. */
  readonly place: () => string | Promise<string>;
}): Promise<void> {
  const { temporary } = options;
  try {
    await writeSynced(temporary, options.source);
    const path = await options.place();
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    if (!hasErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
    throw failure('APK_CLIENT_NO_SPACE', `no space left in ${dirname(temporary)}`, {
      hint: 'free some and try again; nothing half-written was kept',
      retry: 'later',
      cause: error,
    });
  }
}

async function writeSynced(
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await using file = await open(path, 'wx', 0o644);
  for await (const chunk of source) await file.writeFile(chunk);
  await file.sync();
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
