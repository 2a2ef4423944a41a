import type { ApkPackage } from '@kiln/apk';
import { expect, test } from 'vitest';
import { recipeVersionIn } from './package-recipe.ts';

function version(recipe: string | undefined): string | undefined {
  const entry = { path: '.melange.yaml' } as ApkPackage['control'][number]['entry'];
  if (recipe === undefined) return recipeVersionIn([]);
  return recipeVersionIn([{ entry, content: Buffer.from(recipe), headers: Buffer.alloc(0) }]);
}

test('the version that a recipe states has its epoch, 0 if there is none', () => {
  expect(version('package:\n  version: "1.10"\n  epoch: 3\n')).toBe('1.10-r3');
  expect(version('package:\n  version: 1.10\n')).toBe('1.10-r0');
  expect(version('name: a\n')).toBe('-r0');
});

test.each([undefined, '', '[]', '{', 'package: 3', 'package: {name: []}', 'package: {epoch: x}'])(
  'no recipe: %s',
  (recipe) => {
    expect(version(recipe)).toBeUndefined();
  },
);
