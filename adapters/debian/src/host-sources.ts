import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError } from '@kiln/base';
import type { ArchiveSource } from '@kiln/deb822';
import { parseSourcesFile, parseSourcesList } from '@kiln/deb822';

/** Where the host's apt finds Debian's main archive, and of which release the host is. */
export interface HostArchive {
  readonly codename: string;
  readonly source: ArchiveSource;
}

/**
 * Reads, and only reads, the host's configuration below `etc` (`/etc`): the archive is the one that has the host's
 * own release with the component `main`. Throws `DEBIAN_ARCHIVE_UNKNOWN`.
 */
export async function hostArchive(etc: string): Promise<HostArchive> {
  const osRelease = await readOr(join(etc, 'os-release'), '');
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(osRelease)?.[1];
  const isDebian = /^ID="?debian"?$/m.test(osRelease);
  if (codename === undefined || !isDebian) throw unknown('this host is no Debian release');
  const source = (await aptSources(join(etc, 'apt'))).find(
    (one) =>
      one.types.includes('deb') &&
      one.suites.includes(codename) &&
      one.components.includes('main') &&
      one.uris.length > 0,
  );
  if (source === undefined) throw unknown(`apt has no archive for ${codename}`);
  return { codename, source };
}

async function aptSources(directory: string): Promise<ArchiveSource[]> {
  const parts = join(directory, 'sources.list.d');
  const names = (await readdirOr(parts)).sort();
  const found = parseSourcesList(await readOr(join(directory, 'sources.list'), ''));
  for (const name of names) {
    const text = await readOr(join(parts, name), '');
    if (name.endsWith('.sources')) found.push(...parseSourcesFile(text));
    else if (name.endsWith('.list')) found.push(...parseSourcesList(text));
  }
  return found;
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Absent or unreadable: the host does not configure anything there for this user.
    return otherwise;
  }
}

async function readdirOr(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch {
    // As above.
    return [];
  }
}

function unknown(message: string): KilnError {
  return new KilnError('DEBIAN_ARCHIVE_UNKNOWN', message, {
    hint: 'on a Debian host, give apt the main archive of its release; elsewhere use another seed and mirror',
  });
}
