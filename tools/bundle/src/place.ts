import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A program that runs may load a part of its bundle hours after it began. */
const keptCount = 12;

/**
 * Makes a bundle of the clone `root` in its `.tools` and points the link `.tools/bundle` at it. `stamp` in it says which clone
 * it is of, and is as old as the moment before the sources were read: one that is newer is not in it. Several may do this at
 * once; the last one's stays.
 */
export async function replaceBundle(
  root: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  const tools = join(root, '.tools');
  const parent = join(tools, 'bundles');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'of-'));
  try {
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'stamp'), `${root}\n`);
    await make(folder);
    const link = join(folder, 'link');
    await symlink(join('bundles', basename(folder)), link);
    await rename(link, join(tools, 'bundle'));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  await removeOld(parent);
}

async function removeOld(parent: string): Promise<void> {
  const all = await Promise.all(
    (await readdir(parent)).map(async (name) => {
      const folder = join(parent, name);
      return { folder, mtimeMs: (await stat(folder)).mtimeMs };
    }),
  );
  const old = all.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(keptCount);
  for (const { folder } of old) await rm(folder, { recursive: true, force: true });
}
