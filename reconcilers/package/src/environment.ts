import { KilnError } from '@kiln/base';
import type { EnvironmentPackage, LockPorts, PackageBundle } from '@kiln/factory';
import { lockEnvironment } from '@kiln/factory';
import type { CompiledRecipe } from '@kiln/recipe';

/**
 * Resolves a build environment: what every environment has and what the recipe asks for. Throws
 * `PACKAGE_ENVIRONMENT_UNSOLVED`, placed at the recipe's package.
 */
export async function buildEnvironment(
  ports: LockPorts,
  { arch, closure, settings }: PackageBundle,
  compiled: Pick<CompiledRecipe, 'environment' | 'package'>,
): Promise<readonly EnvironmentPackage[]> {
  const world = [...settings.environmentPackages, ...compiled.environment.contents.packages];
  const lock = await lockEnvironment(ports, { arch, closure, seed: true, world });
  if (lock.kind === 'locked') return lock.packages;
  throw new KilnError(
    'PACKAGE_ENVIRONMENT_UNSOLVED',
    `no build environment: ${lock.chain.join(' ')}`,
    {
      position: compiled.package.position,
      hint: 'name packages that a recipe of the catalog gives, or that seed.yaml lists',
    },
  );
}
