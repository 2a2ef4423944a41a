import { KilnError, type Position } from '@kiln/base';
import type { YamlPath } from '@kiln/yaml';
import type { RawEnvironment, RawRecipe } from './schema.ts';

/**
 * Refuses keys that the language has and Kiln does not act on: silence would build something else than the recipe says.
 * Throws `RECIPE_UNSUPPORTED` at the key.
 */
export function refuseUnsupported(raw: RawRecipe, positionOf: (path: YamlPath) => Position): void {
  const refuse = (path: YamlPath, value: unknown, hint?: string): void => {
    if (value === undefined || value === null) return;
    throw new KilnError(
      'RECIPE_UNSUPPORTED',
      `the key "${path.map(String).join('.')}" is not supported`,
      {
        position: positionOf(path),
        hint,
      },
    );
  };
  const environment = (at: YamlPath, value: RawEnvironment): void => {
    for (const [key, part] of Object.entries(value)) {
      if (key !== 'contents' && key !== 'environment') refuse([...at, key], part);
    }
    for (const [key, part] of Object.entries(value.contents)) {
      if (key !== 'packages') {
        refuse(
          [...at, 'contents', key],
          part,
          'the factory decides which repositories make the environment',
        );
      }
    }
  };
  refuse(['capabilities'], raw.capabilities);
  refuse(['var-transforms'], raw['var-transforms']);
  refuse(['options'], raw.options);
  refuse(['package', 'setcap'], raw.package.setcap);
  environment(['environment'], raw.environment);
  if (raw.test !== undefined) environment(['test', 'environment'], raw.test.environment);
  raw.subpackages.forEach((subpackage, index) => {
    refuse(['subpackages', index, 'setcap'], subpackage.setcap);
    if (subpackage.test !== undefined)
      environment(['subpackages', index, 'test', 'environment'], subpackage.test.environment);
  });
}
