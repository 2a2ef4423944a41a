import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const dayMs = 24 * 60 * 60 * 1000;

const refusals: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Does `work` unless it was begun in the last 24 hours for this directory, which has the file `swept` to say so; never where nobody may
 * write.
 */
export async function onceADay(
  directory: string,
  nowMs: number,
  work: () => Promise<void>,
): Promise<void> {
  const stamp = path.join(directory, 'swept');
  const swept = statSync(stamp, { throwIfNoEntry: false });
  if (swept !== undefined && swept.mtimeMs > nowMs - dayMs) return;
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(stamp, '');
  } catch (error) {
    if (refusals.has((error as NodeJS.ErrnoException).code)) return;
    throw error;
  }
  await work();
}
