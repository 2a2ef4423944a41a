import { baseNameOf, directoryOf, type PackageTree } from '../tree.ts';
import type { Finding } from './relations.ts';

const commandDirectories = new Set(['bin', 'sbin', 'usr/bin', 'usr/sbin']);

/** Programs that the package has: regular files in a command directory that everyone may read and run. */
export function commands(tree: PackageTree, version: string): Finding {
  const provides = tree.entries
    .filter(
      (entry) =>
        (entry.kind === 'file' || entry.kind === 'hardlink') &&
        commandDirectories.has(directoryOf(entry.path)) &&
        (entry.mode & 0o555) === 0o555,
    )
    .map((entry) => `cmd:${baseNameOf(entry.path)}=${version}`);
  return { provides };
}
