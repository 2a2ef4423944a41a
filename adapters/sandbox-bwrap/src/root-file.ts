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
  const real = await realPathInside(root, path);
  if (real === undefined) return undefined;
  await using file = await open(`${root}/${real}`, constants.O_RDONLY | constants.O_NOFOLLOW);
  if ((await file.stat()).size > bytesMax) {
    throw new KilnError('TREE_TOO_LARGE', `"${shorten(path)}" is larger than ${bytesMax} bytes`);
  }
  return await file.readFile();
}

/** The path of a regular file without links in it. */
async function realPathInside(root: string, path: string): Promise<string | undefined> {
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
    const found = await lstatOrUndefined(`${root}/${next}`);
    if (found === undefined) return undefined;
    if (found.isDirectory()) current.push(part);
    else if (found.isSymbolicLink()) {
      links += 1;
      if (links > linksMax)
        throw new KilnError(
          'TREE_ENTRY_INVALID',
          `"${shorten(path)}" leads through too many links`,
        );
      const target = await readlink(`${root}/${next}`);
      if (target.startsWith('/')) current.length = 0;
      pending.push(...target.split('/').reverse());
    } else return found.isFile() && pending.length === 0 ? next : undefined;
  }
  return undefined;
}

async function lstatOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
