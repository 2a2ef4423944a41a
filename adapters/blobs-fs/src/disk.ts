import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrno } from './errno.ts';

/** Gives a synced file its name, in a directory that is made when absent; it is durable when this returns. */
export async function renameInto(temporary: string, path: string): Promise<void> {
  const made = await mkdir(dirname(path), { recursive: true });
  await rename(temporary, path);
  await syncDirectory(dirname(path));
  // A directory is as durable as its entry in the one above.
  for (let at = path; made !== undefined && at !== made;) {
    at = dirname(at);
    await syncDirectory(dirname(at));
  }
}

/** The names in a directory; none when it is absent. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
