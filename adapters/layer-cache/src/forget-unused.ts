import { readdirSync, rmSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ifGone } from './gone.ts';

/**
 * Removes the files below a directory that were read and written last before a time, in milliseconds since 1970. Of each directory
 * the caller's thread waits for the system.
 */
export async function forgetUnused(directory: string, beforeMs: number): Promise<void> {
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      await nextTurn();
      await forgetUnused(path, beforeMs);
      continue;
    }
    const found = statSync(path, { throwIfNoEntry: false });
    // Times of reading are kept to a day or so, which will do.
    if (found !== undefined && Math.max(found.atimeMs, found.mtimeMs) < beforeMs)
      rmSync(path, { force: true });
  }
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    return ifGone(error) ?? [];
  }
}
