import { lstat, readlink } from 'node:fs/promises';
import { KilnError, shorten } from '@kiln/base';

const linksMax = 40;

/**
 * Refuses a place to mount on, an absolute path, that leads out of a root. bubblewrap makes what is not there and follows symbolic
 * links meanwhile, from where the files of the host are at hand too. `layers` are what the root is made of, highest first; nobody
 * may write there meanwhile. Throws `SANDBOX_SETUP_FAILED`.
 */
export async function requireInside(layers: readonly string[], target: string): Promise<void> {
  const pending = target.split('/').reverse();
  const current: string[] = [];
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (current.pop() === undefined) throw leadsOut(target);
      continue;
    }
    current.push(part);
    const link = await linkAt(layers, current.join('/'));
    if (link === undefined) continue;
    links += 1;
    if (link.startsWith('/') || links > linksMax) throw leadsOut(target);
    current.pop();
    pending.push(...link.split('/').reverse());
  }
}

/** Where a symbolic link leads; undefined for what is none in the highest layer that has it. */
async function linkAt(layers: readonly string[], path: string): Promise<string | undefined> {
  for (const layer of layers) {
    const file = `${layer}/${path}`;
    const found = await lstat(file).catch(() => undefined);
    if (found !== undefined) return found.isSymbolicLink() ? readlink(file) : undefined;
  }
  return undefined;
}

function leadsOut(target: string): KilnError {
  return new KilnError(
    'SANDBOX_SETUP_FAILED',
    `the sandbox did not start: in its root "${shorten(target)}" leads elsewhere`,
    { hint: 'a package or an earlier step put a symbolic link there; let it be a directory' },
  );
}
