import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError, shorten, withoutUserInfo } from '@kiln/base';
import type { GitMirrors } from '@kiln/build';
import type { GitCheckout } from '@kiln/recipe';
import type { Git } from './git-command.ts';

export interface CheckOutRequest {
  readonly checkout: GitCheckout;
  /** Absolute; absent or empty; its parent exists. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lays the files of a checkout into a directory, out of mirrors that were fetched for it: its commit, its submodules where
 * it wants them, and its cherry-picks on top. Nothing of a repository runs: there are no hooks, no filters and no helpers.
 * Throws `SOURCE_REF_MISSING`, and as `Git.run`.
 */
export async function checkOut(
  git: Git,
  mirrors: GitMirrors,
  { checkout, directory, signal }: CheckOutRequest,
): Promise<void> {
  const mirror = mirrors.repositories.find(({ url }) => url === checkout.repository);
  const run = async (...argv: readonly string[]): Promise<void> => {
    const result = await git.run(argv, { protocols: 'file', signal });
    if (result.kind === 'done') return;
    const repository = shorten(withoutUserInfo(checkout.repository), 200);
    throw new KilnError('SOURCE_REF_MISSING', `${repository}: ${shorten(result.reason, 300)}`, {
      hint: 'check the commit and the cherry-picks of the recipe',
    });
  };
  const inside = ['-C', directory, '-c', 'user.name=kiln', '-c', 'user.email=kiln@localhost'];
  const from = `${mirrors.hostPath}/${mirror?.name ?? ''}`;
  await run('clone', '--quiet', '--no-checkout', from, directory);
  await run(...inside, 'checkout', '--quiet', '--detach', checkout.commit);
  if (checkout.submodules) {
    const settings = await submoduleSettings(mirrors, checkout.repository, directory);
    const update = ['submodule', '--quiet', 'update', '--init', '--recursive'];
    await run(...inside, '-c', `include.path=${settings}`, ...update);
  }
  for (const { commit } of checkout.cherryPicks)
    await run(...inside, 'cherry-pick', '--no-gpg-sign', '-x', commit);
}

/**
 * A file of settings with which git takes submodules, and theirs, from the mirrors. Addresses stand in files alone, as they
 * may hold credentials, which the list of processes would show; those of submodules may be relative to the repository's own.
 */
async function submoduleSettings(
  { hostPath, repositories }: GitMirrors,
  repository: string,
  directory: string,
): Promise<string> {
  const own = join(directory, '.git');
  await appendFile(join(own, 'config'), `[remote "origin"]\n\turl = ${quoted(repository)}\n`);
  const sections = repositories.map(
    ({ url, name }) =>
      `[url ${quoted(`file://${hostPath}/${name}`)}]\n\tinsteadOf = ${quoted(url)}\n`,
  );
  const file = join(own, 'kiln-mirrors');
  await writeFile(file, sections.join(''));
  return file;
}

/** A text of git-config(1); addresses have no control characters. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
