import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test('one is one', () => {
  expect([0, 1, 2].map((count) => counted(count, 'recipe'))).toEqual([
    '0 recipes',
    '1 recipe',
    '2 recipes',
  ]);
  expect([1, 2].map((count) => counted(count, 'binary', 'binaries'))).toEqual([
    '1 binary',
    '2 binaries',
  ]);
});
