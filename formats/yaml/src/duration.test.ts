import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['1.s', 1000],
  ['.5s', 500],
  ['-2ms', -2],
  ['1', undefined],
  ['1.2.3s', undefined],
  ['s', undefined],
])('%s is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test('a number of a million digits that ends in no unit is looked at once', () => {
  expect(parseDuration(`${'1'.repeat(1_000_000)}x`)).toBeUndefined();
});
