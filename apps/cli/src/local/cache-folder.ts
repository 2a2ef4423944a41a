import os from 'node:os';
import path from 'node:path';

/** Where commands without a factory keep what can be fetched or made again: `XDG_CACHE_HOME/kiln`, or `~/.cache/kiln`. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_CACHE_HOME'];
  // The specification of XDG wants relative paths ignored.
  if (base !== undefined && path.isAbsolute(base)) return path.join(base, 'kiln');
  return path.join(environment['HOME'] || os.homedir() || os.tmpdir(), '.cache', 'kiln');
}
