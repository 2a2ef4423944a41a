import { mkdir, stat, writeFile } from 'node:fs/promises';
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
  const swept = await stat(stamp).catch(() => undefined);
  if (swept !== undefined && swept.mtimeMs > nowMs - dayMs) return;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(stamp, '');
  } catch (error) {
    if (refusals.has((error as NodeJS.ErrnoException).code)) return;
    throw error;
  }
  await work();
}
