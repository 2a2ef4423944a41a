import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersionsApko, isVersionApko, parseConstraintApko, satisfiesApko } from './apko.ts';
import { anyVersion } from '../test/any-version.ts';

describe("apko's order", () => {
  it.each([
    ['1.0', '=', '1.0-r0'],
    ['1.0_rc', '=', '1.0_rc0'],
    ['1.02', '=', '1.2'],
    ['1.0', '<', '1.0.0'],
    ['1.0_alpha', '<', '1.0'],
    ['1.0_rc1', '<', '1.0_rc1_p1'],
    ['1.0', '<', '1.0_cvs'],
    ['1.0_p1', '<', '1.0a'],
    ['1.9', '<', '1.10'],
  ])('says %s %s %s', (a, operator, b) => {
    expect('<=>'[(compareVersionsApko(a, b) ?? 5) + 1]).toBe(operator);
  });

  it.each(['1.0~ab', '1.0_rc1_alpha1', '1.0_p1_p2', '1.', 'x'])('does not know %s', (text) => {
    expect(isVersionApko(text)).toBe(false);
    expect(compareVersionsApko(text, '1')).toBeUndefined();
    expect(satisfiesApko(text, '>=', '0')).toBe(false);
    expect(satisfiesApko(text, 'any', '')).toBe(true);
  });

  it('is total on the versions it knows', () => {
    const known = anyVersion.filter(isVersionApko);
    fc.assert(
      fc.property(known, known, known, (a, b, c) => {
        const compare = (x: string, y: string): number => compareVersionsApko(x, y) ?? Number.NaN;
        expect(compare(a, b) + compare(b, a)).toBe(0);
        const [x = '', y = '', z = ''] = [a, b, c].sort(compare);
        expect(compare(x, y)).toBeLessThanOrEqual(0);
        expect(compare(y, z)).toBeLessThanOrEqual(0);
        expect(compare(x, z)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['1.2.3-r4', '1.2', true],
    ['1.2-r4', '1.2', true],
    ['1.2_rc1', '1.2', true],
    ['1.2', '1.2.0', false],
    ['1.2-r1', '1.2-r2', false],
    ['1.2.0-r1', '1.2-r2', true],
    ['1.20', '1.2', false],
  ])('%s ~ %s is %s', (actual, wanted, expected) => {
    expect(satisfiesApko(actual, '~', wanted)).toBe(expected);
  });
});

describe("apko's constraints", () => {
  it.each([
    ['foo', { name: 'foo', operator: 'any', version: '', tag: undefined }],
    ['foo>=1.2@edge', { name: 'foo', operator: '>=', version: '1.2', tag: 'edge' }],
    ['foo@edge', { name: 'foo', operator: 'any', version: '', tag: 'edge' }],
    ['foo=~1.2', { name: 'foo', operator: '~', version: '1.2', tag: undefined }],
    ['foo==1.2', { name: 'foo', operator: 'any', version: '1.2', tag: undefined }],
    ['foo~=1.2', { name: 'foo', operator: 'any', version: '1.2', tag: undefined }],
    ['so:libz.so.1=1', { name: 'so:libz.so.1', operator: '=', version: '0.1', tag: undefined }],
    [
      'so:libz.so.1=1.3-r0',
      { name: 'so:libz.so.1', operator: '=', version: '1.3-r0', tag: undefined },
    ],
    ['foo@bad_tag', { name: 'foo@bad_tag', operator: 'any', version: '', tag: undefined }],
  ])('read %s', (text, expected) => {
    expect(parseConstraintApko(text)).toEqual(expected);
  });
});
