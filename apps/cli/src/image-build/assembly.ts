import type { AssembleInput, BaseImage } from '@kiln/assemble';
import { KilnError } from '@kiln/base';
import { buildProblems } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import type { GuestKeys } from '@kiln/solve';
import { imageRepositories } from './request.ts';
import type { ImageRequest } from './request.ts';

/** Refuses what only a build trips over. Throws `IMAGE_CONFIG_INVALID`. */
export function requireBuildable(config: ImageConfig): void {
  const [problem] = buildProblems(config);
  if (problem !== undefined)
    throw new KilnError('IMAGE_CONFIG_INVALID', problem.message, { hint: problem.hint });
}

/** What a request says of every file system that is made for it. */
export function assemblyOf(
  request: ImageRequest,
  { keys, base }: { readonly keys: GuestKeys; readonly base: BaseImage | undefined },
): Omit<AssembleInput, 'config' | 'arch' | 'packages'> {
  const { epochSeconds, isFixed } = request.date;
  return {
    dialect: request.dialect,
    appendedPackages: request.appended.packages,
    repositories: imageRepositories(request),
    keyring: keys,
    sourceDateEpochSeconds: epochSeconds,
    ...(base === undefined ? {} : { base }),
    ...(isFixed ? { buildDateSeconds: epochSeconds } : {}),
  };
}
