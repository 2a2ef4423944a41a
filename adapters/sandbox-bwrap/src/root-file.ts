import type { Stats } from 'node:fs';
import { constants, lstat, open, readlink } from 'node:fs/promises';
import { KilnError, shorten } from '@kiln/base';

const linksMax = 40;

/**
 * A small file of a root file system as a process inside would read it: symbolic links are followed within the root, an
 * absolute one from its top, so that a guest cannot show a file of the host. Undefined when there is no file. Nobody may
 * write in the root meanwhile. Throws `TREE_TOO_LARGE` above `bytesMax` (default 4 MiB), `TREE_ENTRY_INVALID` for more than
 * 40 links.
 */
export async function readRootFile(
  root: string,
  path: string,
  bytesMax: number = 4 * 2 ** 20,
): Promise<Uint8Array | undefined> {
  const real = await findInRoot(root, path);
  if (real?.stats.isFile() !== true) return undefined;
  await using file = await open(`${root}/${real.path}`, constants.O_RDONLY | constants.O_NOFOLLOW);
  if ((await file.stat()).size > bytesMax) {
    throw new KilnError('TREE_TOO_LARGE', `"${shorten(path)}" is larger than ${bytesMax} bytes`);
  }
  return await file.readFile();
}

/** What a path in a root file system leads to. */
export interface RootEntry {
  /** Without links in it, below the root; "" is the root itself. */
  readonly path: string;
  readonly stats: Stats;
}

/**
 * What a path leads to as a process inside would see it, links followed as by `readRootFile`; never a link. Undefined where there is
 * nothing. Throws `TREE_ENTRY_INVALID` for more than 40 links, and what the system says of folders that may not be entered.
 */
export async function findInRoot(root: string, path: string): Promise<RootEntry | undefined> {
  const pending = path.split('/').reverse();
  const current: string[] = [];
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      current.pop();
      continue;
    }
    const next = [...current, part].join('/');
    const stats = await lstatOrUndefined(`${root}/${next}`);
    if (stats === undefined) return undefined;
    if (stats.isDirectory()) current.push(part);
    else if (stats.isSymbolicLink()) {
      links += 1;
      if (links > linksMax)
        throw new KilnError(
          'TREE_ENTRY_INVALID',
          `"${shorten(path)}" leads through too many links`,
        );
      const target = await readlink(`${root}/${next}`);
      if (target.startsWith('/')) current.length = 0;
      pending.push(...target.split('/').reverse());
    } else return pending.length === 0 ? { path: next, stats } : undefined;
  }
  const folder = current.join('/');
  return { path: folder, stats: await lstat(`${root}/${folder}`) };
}

async function lstatOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
