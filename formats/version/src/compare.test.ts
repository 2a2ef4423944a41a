import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyVersion } from '../test/any-version.ts';
import { compareVersions, matchesFuzzily } from './compare.ts';
import { isVersion } from './version.ts';

describe('compareVersions', () => {
  it.each([
    ['1.0 < 1.0.0', 'a further number outranks the end'],
    ['1.0 < 1.0-r0', 'no revision is lower than revision 0'],
    ['1.0-r0 < 1.0_p1 < 1.0a < 1.0.1', 'kinds have a rank'],
    ['1.0_alpha < 1.0', 'a pre-release precedes'],
    ['1.0_rc1-r5 < 1.0-r0', 'a pre-release precedes at any revision'],
    ['1.0_alpha < 1.0_alpha0 < 1.0_alpha1', 'no suffix number is lower than 0'],
    ['1.0 < 1.0_cvs < 1.0_svn < 1.0_git1 < 1.0_p1', 'later suffixes have an order'],
    ['1.0_p1_alpha < 1.0_p1 < 1.0_p1_p1', 'suffixes repeat'],
    ['1.2.01 < 1.2.1', 'a leading zero makes text of numbers'],
    ['1.2.010 < 1.2.09', 'a leading zero makes text of numbers'],
    ['1.2.0 < 1.2.00', 'a prefix is smaller'],
    ['1.02 < 1.2', 'a leading zero makes text of numbers'],
    ['01.2 = 1.2', 'but not in the first number'],
    ['1.0-r01 = 1.0-r1', 'nor in the revision'],
    ['1.9 < 1.10', 'numbers compare by value'],
    ['1.99 < 20240101', 'numbers compare by value'],
    ['1.18446744073709551616 < 1.18446744073709551617', 'numbers may be of any length'],
    ['1.0a_rc1 < 1.0a < 1.0a_p1', 'a letter goes before suffixes'],
    ['1.0_p1 < 1.0a', 'a letter outranks a suffix'],
    ['1.0 < 1.0-r1 < 1.0~ab', 'a hash outranks a revision'],
    ['1.0~ab < 1.0~ac', 'hashes compare as text'],
    ['1.0~ab-r1 < 1.0~ab-r2', 'a revision may follow a hash'],
    ['1.0_p9 < 1.1_alpha', 'the first difference decides'],
  ])('says %s: %s', (chain) => {
    const parts = chain.split(' ');
    for (let i = 0; i + 2 < parts.length; i += 2) {
      const [a = '', operator = '', b = ''] = parts.slice(i, i + 3);
      expect('<=>'[compareVersions(a, b) + 1]).toBe(operator);
      expect(compareVersions(b, a)).toBe(0 - compareVersions(a, b));
    }
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
        expect(isVersion(a)).toBe(true);
        expect(compareVersions(a, a)).toBe(0);
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
        const [x = '', y = '', z = ''] = [a, b, c].sort(compareVersions);
        expect(compareVersions(x, y)).toBeLessThanOrEqual(0);
        expect(compareVersions(y, z)).toBeLessThanOrEqual(0);
        expect(compareVersions(x, z)).toBeLessThanOrEqual(0);
        expect(compareVersions(x, y) !== 0 || compareVersions(x, z) === compareVersions(y, z)).toBe(
          true,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('sorts any list into one order, whatever order it had', () => {
    const list = fc.array(anyVersion, { maxLength: 12 });
    const shuffled = list.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const one = all.toSorted(compareVersions);
        const two = other.toSorted(compareVersions);
        expect(one.map((version, at) => compareVersions(version, two[at] ?? ''))).toEqual(
          one.map(() => 0),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('orders equal versions alike against every other', () => {
    const twin = fc.constantFrom<[string, string]>(
      ['01.2', '1.2'],
      ['1.0-r01', '1.0-r1'],
      ['1.0_p01-r1', '1.0_p1-r1'],
      ['007', '7'],
    );
    fc.assert(
      fc.property(twin, anyVersion, ([a, b], other) => {
        expect(compareVersions(a, b)).toBe(0);
        expect(compareVersions(a, other)).toBe(compareVersions(b, other));
      }),
    );
  });

  it('takes linear time over hostile texts', () => {
    const long = '1.'.repeat(200_000);
    expect(compareVersions(`1${'.1'.repeat(100_000)}`, `1${'.1'.repeat(100_000)}`)).toBe(0);
    expect(compareVersions(long, `${long}!`)).toBe(0);
  });
});

describe('matchesFuzzily', () => {
  it.each([
    ['1.2.3-r4', '1.2', true],
    ['1.20', '1.2', false],
    ['1.2_rc1', '1.2', true],
    ['1.2a', '1.2', true],
    ['1.2', '1.2.0', false],
    ['1.2', '1.2-r0', false],
    ['1.2-r0', '1.2', true],
    ['1.2_p1', '1.2_p', true],
    ['1.3', '1.2', false],
  ])('of %s with %s is %s', (actual, wanted, expected) => {
    expect(matchesFuzzily(actual, wanted)).toBe(expected);
  });

  it('of what matches in part is transitive, and never without a common beginning', () => {
    const cut = fc.nat({ max: 30 });
    fc.assert(
      fc.property(anyVersion, cut, cut, (version, one, other) => {
        const [short, long] = [Math.min(one, other) + 1, Math.max(one, other) + 1];
        const [wanted, between] = [version.slice(0, short), version.slice(0, long)];
        const steps = matchesFuzzily(version, between) && matchesFuzzily(between, wanted);
        expect(!steps || matchesFuzzily(version, wanted)).toBe(true);
        const equal = compareVersions(version, wanted) === 0;
        expect(!equal || matchesFuzzily(version, wanted)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('holds for a version and itself, and for what continues it', () => {
    fc.assert(
      fc.property(anyVersion, (version) => {
        const numbers = /^[0-9.]+/.exec(version)?.[0] ?? '';
        expect(matchesFuzzily(version, version)).toBe(true);
        expect(matchesFuzzily(`${numbers}.7_rc1-r3`, numbers)).toBe(true);
      }),
    );
  });
});
