import { existsSync } from 'node:fs';
import path from 'node:path';
import { KilnError, withoutUserInfo } from '@kiln/base';
import { shownUrl } from '@kiln/image-config';
import type { ConfigDialect } from '@kiln/image-config';

/**
 * Where a configuration comes from: the address of git's remote `origin` without credentials, `@` and the commit of the
 * checkout; "" where there is no git, no checkout, no remote or no commit. In dialect `apko` a checkout counts that begins in the
 * working directory or below, whoever owns it, and has no extensions; a file of a folder that files are looked for in is in none, and of git's settings and
 * variables only those of the checkout itself count.
 */
export async function vcsUrlOf(file: string, dialect: ConfigDialect): Promise<string> {
  const folder = path.resolve(path.dirname(file));
  // To start git for nothing takes longer than to look.
  if (dialect === 'apko' ? !isInCheckoutHere(file, folder) : !isInAnyCheckout(folder)) return '';
  const { gitHead, gitIsExtended, gitRemote, gitRewritten } = await import('../local/git-head.ts');
  const reading = dialect === 'apko' ? 'go-git' : 'git';
  const [given, commit] = await Promise.all([gitRemote(folder, reading), gitHead(folder, reading)]);
  if (given === undefined || commit === undefined) return '';
  if (dialect === 'apko' && (await gitIsExtended(folder))) return '';
  const remote = dialect === 'apko' ? await gitRewritten(folder, given) : given;
  const address = shownRemote(remote);
  return address === undefined ? '' : `${address}@${commit}`;
}

function isInCheckoutHere(file: string, folder: string): boolean {
  return existsSync(file) && isInCheckout(folder, process.cwd());
}

function isInAnyCheckout(folder: string): boolean {
  return process.env['GIT_DIR'] !== undefined || isInCheckout(folder, '/');
}

/** Names that begin like `top`, such as those of its neighbours, are passed on the way up, and not gone beyond. */
function isInCheckout(folder: string, top: string): boolean {
  if (!folder.startsWith(top)) return false;
  if (existsSync(path.join(folder, '.git'))) return true;
  return folder !== top && isInCheckout(path.dirname(folder), top);
}

/** What git takes for SSH without being an address, `git@host:folder`, is one of `git+ssh`. */
function shownRemote(remote: string): string | undefined {
  for (const text of [remote, `git+ssh://${remote.replace(':', '/')}`]) {
    try {
      return shownUrl(withoutUserInfo(text));
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
    }
  }
  return undefined;
}
