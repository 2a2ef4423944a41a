import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layerGroups } from './layer-groups.ts';
import type { PackageContents } from './package-contents.ts';

interface Facts {
  readonly name: string;
  readonly origin?: string;
  readonly size?: number;
  readonly replaces?: readonly string[];
}

const contents = ({ name, origin = name, size = 1, replaces = [] }: Facts): PackageContents =>
  ({
    info: { name, version: '1.0-r0', origin, installedSizeBytes: size, replaces },
  }) as unknown as PackageContents;

const groups = (facts: readonly Facts[], budget: number): string[][] =>
  layerGroups(facts.map(contents), budget).map((group) => group.map(({ info }) => info.name));

describe('groups of layers', () => {
  test('packages of one origin go together, the largest group first, sorted by name', () => {
    const facts = [
      { name: 'b', origin: 'x', size: 5 },
      { name: 'c', size: 7 },
      { name: 'a', origin: 'x', size: 5 },
    ];
    expect(groups(facts, 9)).toEqual([['a', 'b'], ['c']]);
  });

  test('groups of one size are in the order of their greatest names', () => {
    expect(groups([{ name: 'b' }, { name: 'a' }], 9)).toEqual([['a'], ['b']]);
  });

  test('what replaces an installed version joins it, and so does what that replaces', () => {
    const facts = [
      { name: 'a', replaces: ['b'] },
      { name: 'b', replaces: ['c<2'] },
      { name: 'c' },
      { name: 'd', replaces: ['c<1', 'absent'] },
    ];
    expect(groups(facts, 9)).toEqual([['a', 'b', 'c'], ['d']]);
  });

  test('what is over the budget is the last group', () => {
    const facts = ['a', 'b', 'c', 'd'].map((name, i) => ({ name, size: 9 - i }));
    expect(groups(facts, 3)).toEqual([['a'], ['b'], ['c', 'd']]);
    expect(groups(facts, 1)).toEqual([['a', 'b', 'c', 'd']]);
    expect(groups(facts, 0)).toEqual([['a', 'b', 'c', 'd']]);
    expect(groups([], 0)).toEqual([]);
  });

  test('the result does not depend on the order of the packages, and every package is in one group', () => {
    const fact = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      origin: fc.constantFrom('x', 'y', 'z', ''),
      size: fc.integer({ min: 0, max: 3 }),
      replaces: fc.subarray(['a', 'b<2', 'c>1', 'd']),
    });
    const set = fc.uniqueArray(fact, { selector: ({ name }) => name });
    fc.assert(
      fc.property(set, fc.integer({ min: 0, max: 5 }), (facts, budget) => {
        const found = groups(facts, budget);
        expect(groups(facts.toReversed(), budget)).toEqual(found);
        expect(found.flat().sort()).toEqual(facts.map(({ name }) => name).sort());
        expect(found.length).toBeLessThanOrEqual(Math.max(budget, 1));
      }),
    );
  });
});
