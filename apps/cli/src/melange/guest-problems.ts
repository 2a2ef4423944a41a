import { KilnError } from '@kiln/base';
import { problems, type ImageConfig } from '@kiln/image-config';

/** Refuses an environment that apko makes no guest of. Throws `IMAGE_CONFIG_INVALID`. */
export function requireGuest(environment: ImageConfig): void {
  const [problem] = problems(environment, 'apko');
  if (problem !== undefined)
    throw new KilnError('IMAGE_CONFIG_INVALID', problem.message, { hint: problem.hint });
  if (environment.contents.packages.includes(''))
    throw new KilnError('IMAGE_CONFIG_INVALID', 'a package of the environment has no name');
}
