import { KilnError } from '@kiln/base';
import type { ImageConfig } from '@kiln/image-config';
import type { DecodedRecipe } from '@kiln/recipe';

/**
 * Refuses what a recipe may say and the factory does not act on: silence would build something else than the recipe says.
 * Throws `CATALOG_KEY_UNSUPPORTED` at the key.
 */
export function refuseUnsupported({ raw, positionOf }: DecodedRecipe): void {
  const refuse = (path: readonly PropertyKey[], used: boolean, hint: string): void => {
    if (!used) return;
    throw new KilnError(
      'CATALOG_KEY_UNSUPPORTED',
      `the key "${path.map(String).join('.')}" is not supported in a factory`,
      { position: positionOf(path), hint },
    );
  };
  const alone = 'leave it out, or build the package with kiln package build';
  const environment = (at: readonly PropertyKey[], config: ImageConfig): void => {
    const { contents } = config;
    const hint = 'leave it out: the factory decides which repositories make the environment';
    refuse([...at, 'contents', 'repositories'], contents.repositories.length > 0, hint);
    refuse([...at, 'contents', 'build_repositories'], contents.buildRepositories.length > 0, hint);
    refuse(
      [...at, 'contents', 'runtime_repositories'],
      contents.runtimeRepositories.length > 0,
      hint,
    );
    refuse([...at, 'contents', 'keyring'], contents.keyring.length > 0, hint);
    refuse([...at, 'contents', 'baseimage'], contents.baseImage !== undefined, alone);
    const { runAs } = config.accounts;
    refuse([...at, 'accounts', 'run-as'], !['', 'build', '1000'].includes(runAs), alone);
    refuse([...at, 'paths'], config.paths.length > 0, alone);
    refuse([...at, 'include'], config.include !== '', alone);
    refuse([...at, 'certificates'], config.certificates !== undefined, alone);
  };
  const { add, drop } = raw.capabilities;
  refuse(['capabilities'], add.length + drop.length > 0, alone);
  environment(['environment'], raw.environment);
  if (raw.test !== undefined) environment(['test', 'environment'], raw.test.environment);
  raw.subpackages.forEach(({ test }, index) => {
    if (test !== undefined)
      environment(['subpackages', index, 'test', 'environment'], test.environment);
  });
}
