import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareNatural } from './natural.ts';

/** Orders in which yaml.v3 prints keys. */
test.each([
  ['a1', 'a2', 'a10'],
  ['A', 'a', 'b'],
  ['_', 'A'],
  ['1', 'a'],
  ['a', 'a1'],
  ['a1b', 'a1_', 'a2'],
  ['v1.2', 'v1.10'],
  ['v9223372036854775808', 'v1'],
  ['note with space', 'team'],
])('%j stands before %j', (...keys) => {
  for (let at = 1; at < keys.length; at++) {
    expect(compareNatural(keys[at - 1] ?? '', keys[at] ?? '')).toBeLessThan(0);
    expect(compareNatural(keys[at] ?? '', keys[at - 1] ?? '')).toBeGreaterThan(0);
  }
});

test('the order is antisymmetric', () => {
  const key = fc.string({ unit: fc.constantFrom(...Array.from('ab_01-9é')) });
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareNatural(a, b))).toBe(-Math.sign(compareNatural(b, a)) || 0);
    }),
  );
});
