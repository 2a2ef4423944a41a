import { KilnError, shorten, withoutUserInfo } from '@kiln/base';
import type { GitMirrors } from '@kiln/build';
import type { GitCheckout } from '@kiln/recipe';
import type { Git } from './git-command.ts';

export interface CheckOutRequest {
  readonly checkout: GitCheckout;
  /** Absent or empty; its parent exists. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lays the files of a checkout into a directory, out of mirrors that were fetched for it: its commit, and its cherry-picks
 * on top; submodules stay empty. Nothing of the repository runs: there are no hooks, no filters and no helpers.
 * Throws `SOURCE_REF_MISSING`, and as `Git.run`.
 */
export async function checkOut(
  git: Git,
  { hostPath, repositories }: GitMirrors,
  { checkout, directory, signal }: CheckOutRequest,
): Promise<void> {
  const mirror = repositories.find(({ url }) => url === checkout.repository);
  const run = async (...argv: readonly string[]): Promise<void> => {
    const result = await git.run(argv, { protocols: 'file', signal });
    if (result.kind === 'done') return;
    const repository = shorten(withoutUserInfo(checkout.repository), 200);
    throw new KilnError('SOURCE_REF_MISSING', `${repository}: ${shorten(result.reason, 300)}`, {
      hint: 'check the commit and the cherry-picks of the recipe',
    });
  };
  const inside = ['-C', directory, '-c', 'user.name=kiln', '-c', 'user.email=kiln@localhost'];
  await run('clone', '--quiet', '--no-checkout', `${hostPath}/${mirror?.name ?? ''}`, directory);
  await run(...inside, 'checkout', '--quiet', '--detach', checkout.commit);
  for (const { commit } of checkout.cherryPicks)
    await run(...inside, 'cherry-pick', '--no-gpg-sign', '-x', commit);
}
