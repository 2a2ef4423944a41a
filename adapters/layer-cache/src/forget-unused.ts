import { opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifGone } from './gone.ts';

/** Removes the files below a directory that were read and written last before a time, in milliseconds since 1970. */
export async function forgetUnused(directory: string, beforeMs: number): Promise<void> {
  const entries = await opendir(directory).catch(ifGone);
  if (entries === undefined) return;
  for await (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      await forgetUnused(path, beforeMs);
      continue;
    }
    const found = await stat(path).catch(ifGone);
    // Times of reading are kept to a day or so, which will do.
    if (found !== undefined && Math.max(found.atimeMs, found.mtimeMs) < beforeMs)
      await rm(path, { force: true });
  }
}
