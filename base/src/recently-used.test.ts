import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentlyUsed } from './recently-used.ts';

test('what was not used for longest goes first, by bytes and by number', () => {
  const cache = new RecentlyUsed<string, number>({ bytesMax: 10, entriesMax: 3 });
  for (const [i, key] of ['a', 'b', 'c'].entries()) cache.set(key, i, 1);
  expect(cache.get('a')).toBe(0);
  cache.set('d', 3, 1);
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined)).toEqual([
    'a',
    'c',
    'd',
  ]);
  cache.set('e', 4, 9);
  expect([cache.entries, cache.sizeBytes]).toEqual([2, 10]);
  expect(cache.get('d')).toBe(3);
});

test('what is too large is not kept, and what had its name goes', () => {
  const cache = new RecentlyUsed<string, string>({ bytesMax: 80, entryBytesMax: 10 });
  cache.set('a', 'small', 10);
  cache.set('b', 'other', 10);
  cache.set('a', 'large', 11);
  expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 'other']);
});

test('it never has more than its limits, and counts what it has', () => {
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(12));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = new RecentlyUsed<string, number>({ bytesMax: 20, entriesMax: 4 });
      for (const [key, size] of steps) {
        cache.set(key, size, size);
        const held = ['a', 'b', 'c', 'd', 'e'].flatMap((one) => cache.get(one) ?? []);
        expect(held.length).toBe(cache.entries);
        expect(held.reduce((sum, one) => sum + one, 0)).toBe(cache.sizeBytes);
        expect(cache.entries).toBeLessThanOrEqual(4);
        expect(cache.sizeBytes).toBeLessThanOrEqual(20);
      }
    }),
  );
});
