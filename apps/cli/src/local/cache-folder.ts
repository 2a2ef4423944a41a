import os from 'node:os';
import path from 'node:path';
import { folderPlace } from '../folder-place.ts';

/**
 * Where commands without a factory keep what can be fetched or made again: `XDG_CACHE_HOME/kiln`, or `~/.cache/kiln`. Throws as
 * `folderPlace`.
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_CACHE_HOME'];
  // The specification of XDG wants relative paths ignored.
  if (base !== undefined && path.isAbsolute(base)) return folderPlace(path.join(base, 'kiln'));
  return folderPlace(
    path.join(environment['HOME'] || os.homedir() || os.tmpdir(), '.cache', 'kiln'),
  );
}
