import { expect, test } from 'vitest';
import { recipePage } from './recipe-page.ts';
import { generated } from './repository.ts';

test('docs/recipe-reference.md lists the keys as they are (KILN_UPDATE=1 rewrites it)', () => {
  const { found, wanted } = generated('docs/recipe-reference.md', recipePage());
  expect(found).toBe(wanted);
});
