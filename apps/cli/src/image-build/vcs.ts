import { existsSync } from 'node:fs';
import path from 'node:path';
import { withoutUserInfo } from '@kiln/base';

/**
 * Where a configuration comes from: the address of git's remote `origin` without credentials, `@` and the commit of the
 * checkout; "" where there is no git, no checkout, no remote or no commit.
 */
export async function vcsUrlOf(file: string): Promise<string> {
  const folder = path.resolve(path.dirname(file));
  // To start git for nothing takes longer than to look.
  if (!isInCheckout(folder)) return '';
  const { gitHead, gitRemote } = await import('../local/git-head.ts');
  const [remote, commit] = await Promise.all([gitRemote(folder), gitHead(folder)]);
  if (remote === undefined || commit === undefined) return '';
  return `${withoutUserInfo(remote)}@${commit}`;
}

function isInCheckout(folder: string): boolean {
  if (process.env['GIT_DIR'] !== undefined || existsSync(path.join(folder, '.git'))) return true;
  const above = path.dirname(folder);
  return above !== folder && isInCheckout(above);
}
