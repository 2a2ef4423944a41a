import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAtom, satisfies } from './atom.ts';
import { compareVersions } from './compare.ts';
import { anyVersion } from '../test/any-version.ts';

const bare = { conflict: false, tag: undefined, operator: undefined, version: undefined };

describe('parseAtom', () => {
  it.each([
    ['foo', { name: 'foo' }],
    ['!foo<3', { conflict: true, name: 'foo', operator: '<', version: '3' }],
    ['so:libz.so.1=1', { name: 'so:libz.so.1', operator: '=', version: '1' }],
    ['cmd:[', { name: 'cmd:[' }],
    ['pc:gtk+-3.0>=3.24', { name: 'pc:gtk+-3.0', operator: '>=', version: '3.24' }],
    ['foo@edge', { name: 'foo', tag: 'edge' }],
    ['foo@edge=1.2-r0', { name: 'foo', tag: 'edge', operator: '=', version: '1.2-r0' }],
    ['foo=1.2-r0@edge', { name: 'foo', tag: 'edge', operator: '=', version: '1.2-r0' }],
    [
      'foo><Q1l1vmsgmb9e6QSXOtnjvMp3tG9NM=',
      { name: 'foo', operator: '><', version: 'Q1l1vmsgmb9e6QSXOtnjvMp3tG9NM=' },
    ],
    ['foo=not-a-version', { name: 'foo', operator: '=', version: 'not-a-version' }],
  ])('takes %s apart', (text, expected) => {
    expect(parseAtom(text)).toEqual({ ...bare, text, ...expected });
  });

  it.each([
    ['==', '='],
    ['=<', '<='],
    ['=>', '>='],
    ['=~', '~'],
    ['~=', '~'],
    ['~<', '<~'],
    ['>~=', '>~'],
    ['<>', '><'],
  ])('reads the characters of %s as the set %s', (written, operator) => {
    expect(parseAtom(`foo${written}1`).operator).toBe(operator);
  });

  it.each([
    '',
    '!',
    '=1',
    '!=1',
    'foo=',
    'foo bar',
    'foo = 1',
    'foo<=>1',
    'foo@',
    '@edge',
    'foo@a=1@b',
    '!!@',
    'x'.repeat(5000),
  ])('refuses %j', (text) => {
    expect(() => parseAtom(text)).toThrow(expect.objectContaining({ code: 'ATOM_INVALID' }));
  });
});

describe('satisfies', () => {
  it.each([
    ['1.2-r3', 'x=1.2', false],
    ['1.2-r3', 'x>1.2', true],
    ['1.2_rc1', 'x>=1.2', false],
    ['1.2-r0', 'x==1.2-r0', true],
    ['1.2.5-r0', 'x~1.2', true],
    ['1.1-r0', 'x<~1.2', true],
    ['1.2.9', 'x<~1.2', true],
    ['1.3', 'x<~1.2', false],
    ['1.3', 'x>~1.2', true],
    ['1.1', 'x>~1.2', false],
    ['3.6.9_post1', 'x~3.6', true],
    ['3.6.9_post1', 'x<~3.6', true],
    ['3.6.9_post1', 'x~3.6.9', true],
    ['3.7_post1', 'x>~3.6', false],
    ['3.7_post1', 'x~3.6', false],
    ['1.2', 'x~1.2.0', false],
    ['1.2', 'x~1.2-r0', false],
    ['1.20', 'x~1.2', false],
    ['1.2_p1', 'x=~1.2_p', true],
    ['1.0', 'x<=1.0', true],
    ['1.0', 'x><1.0', false],
    ['broken!', 'x>0', false],
    ['1.0', 'x>broken', false],
    ['broken!', 'x', true],
  ])('%s, asked for %s: %s', (actual, atom, expected) => {
    expect(satisfies(actual, parseAtom(atom))).toBe(expected);
  });

  it('holds for an unversioned provide only without operator', () => {
    expect(satisfies(undefined, parseAtom('x'))).toBe(true);
    expect(satisfies(undefined, parseAtom('x>=0'))).toBe(false);
  });

  it('agrees with the order', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, (actual, version) => {
        const is = (operator: '=' | '<' | '<=' | '>' | '>='): boolean =>
          satisfies(actual, { operator, version });
        expect([is('<'), is('='), is('>')].filter(Boolean)).toHaveLength(1);
        expect(is('<=')).toBe(is('<') || is('='));
        expect(is('>=')).toBe(compareVersions(actual, version) >= 0);
      }),
    );
  });
});
