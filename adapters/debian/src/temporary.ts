import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '@kiln/base';

const abandonedAfterMs = 6 * 60 * 60 * 1000;
const prefix = 'tmp-';

/** Makes a fresh directory below `parent`; whoever asks removes it. */
export async function makeTemporary(parent: string, random: Random): Promise<string> {
  const directory = join(parent, `${prefix}${random.id()}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Removes the ones that crashes left behind: those older than six hours, which no fetch takes. */
export async function sweepTemporary(parent: string, nowMs: number): Promise<void> {
  await mkdir(parent, { recursive: true });
  for (const name of (await readdir(parent)).filter((one) => one.startsWith(prefix))) {
    const path = join(parent, name);
    const { mtimeMs } = await lstat(path);
    if (mtimeMs < nowMs - abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}
