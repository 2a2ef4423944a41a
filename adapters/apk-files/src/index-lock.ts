import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KilnError } from '@kiln/base';

/** To read an index, merge records and write it takes a moment, also for the largest. */
const waitSeconds = 300;

/** How `flock` ends that waited in vain. */
const heldByAnother = 1;

/**
 * Reads an index file and writes what comes of it, in `work`, while no other process does so in the same folder: what several add at
 * once is all there then. The kernel gives the lock of the folder (flock(2)) up with the process; where there are no locks it
 * is done without. Throws `INDEX_LOCKED` (retry later), and what `work` throws.
 */
export async function changingIndex<T>(file: string, work: () => Promise<T>): Promise<T> {
  const folder = await folderOf(file);
  try {
    if (folder !== undefined) await lock(folder, dirname(file));
    return await work();
  } finally {
    await folder?.close();
  }
}

/** Undefined for one that cannot be opened: that is said when the index is written. */
async function folderOf(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(dirname(file), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
}

async function lock({ fd }: FileHandle, name: string): Promise<void> {
  const child = spawn('flock', ['--exclusive', '--wait', String(waitSeconds), '3'], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'ignore', fd],
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('error', () => resolve(null));
  child.once('close', resolve);
  if ((await promise) !== heldByAnother) return;
  throw new KilnError('INDEX_LOCKED', `${name} has been in use for five minutes`, {
    retry: 'later',
    hint: `look who changes an index there: fuser -v '${name}'`,
  });
}
