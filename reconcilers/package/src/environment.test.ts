import type { FactoryRecords, PackageBundle } from '@kiln/factory';
import { LockMemo } from '@kiln/factory';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { buildEnvironment } from './environment.ts';

test('an environment that cannot be is told with the place of the recipe’s package', async () => {
  const text =
    '# a\npackage: {name: a, version: "1"}\nenvironment: {contents: {packages: [absent]}}\n';
  const compiled = compileRecipe({
    recipe: parseRecipe(text, { file: 'recipes/a.yaml' }),
    arch: 'x86_64',
    pipelines: () => undefined,
  });
  // There is no seed yet, and nothing was built.
  const records = {
    states: () => Promise.resolve(new Map()),
    generationHead: () => Promise.resolve(undefined),
  } as Partial<FactoryRecords> as FactoryRecords;
  const bundle = {
    arch: 'x86_64',
    closure: [],
    settings: { environmentPackages: [] },
  } as unknown as PackageBundle;
  await expect(
    buildEnvironment({ records, locks: new LockMemo() }, bundle, compiled),
  ).rejects.toMatchObject({
    code: 'PACKAGE_ENVIRONMENT_UNSOLVED',
    position: { file: 'recipes/a.yaml', line: 2 },
    message: expect.stringMatching(
      /^recipes\/a\.yaml:2:\d+: no build environment: solving "absent" constraint: \S/,
    ) as string,
    hint: expect.stringContaining('seed.yaml') as string,
  });
});
