import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A temporary file nobody has written to for this long belongs to a process that died. */
export const staleTemporaryMs: number = 24 * 60 * 60 * 1000;

/** Removes the files of `directory` last written before `now - staleTemporaryMs`; returns how many. */
export async function sweepTemporary(directory: string, now: number): Promise<number> {
  let swept = 0;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    // Another process may sweep, finish or give up at the same time: a file that is gone needs nothing.
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || !found.isFile() || found.mtimeMs >= now - staleTemporaryMs) continue;
    await rm(path, { force: true });
    swept += 1;
  }
  return swept;
}
