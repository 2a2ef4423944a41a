import fs from 'node:fs';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';

/** `PROC_SUPER_MAGIC` of statfs(2). */
const procType = 0x9fa0;

/**
 * The absolute path of a folder that is there or can be made with those above it, as far as can be said before. Throws
 * `HOST_CALL_FAILED` for one that would be among processes: the system says of it that there is no such folder, and Node's `mkdir`
 * with `recursive` believes that of those above it and tries for ever.
 */
export function folderPlace(folder: string): string {
  const place = path.resolve(folder);
  if (systemTypeAt(place) !== procType) return place;
  throw new KilnError(
    'HOST_CALL_FAILED',
    `mkdir "${shorten(place, 200)}": folders cannot be made among those of processes`,
    { hint: 'name another place' },
  );
}

/** Of the nearest that is there. What cannot be looked at is for whoever makes the folder to say. */
function systemTypeAt(place: string): number | undefined {
  try {
    return fs.statfsSync(place).type;
  } catch (error) {
    const parent = path.dirname(place);
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isAbsent && parent !== place ? systemTypeAt(parent) : undefined;
  }
}
