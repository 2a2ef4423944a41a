import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Growth } from './growth.ts';
import { replaceAllRe2 } from './re2.ts';

const position = { file: 'r.yaml', line: 1, column: 1 };
const replaceAll = (text: string, match: string, replace: string): string =>
  replaceAllRe2(text, { match, replace }, { position, growth: new Growth('r.yaml') });

/** What Go's regexp.ReplaceAllString gives (Go 1.26). */
test.each([
  ['8.3.12_p4', '_p(\\d+)$', '-patch$1', '8.3.12-patch4'],
  ['a/b/c', '(\\w)/', '$1_x', 'c'],
  ['a/b/c', '(\\w)/', '${1}_x', 'a_xb_xc'],
  ['a/b/c', '(\\w)/(\\w)', '$2$$$1', 'b$a/c'],
  ['8_3_12', '^(?P<maj>\\d+)_(?P<min>\\d+).*$', '${maj}.${min}', '8.3'],
  ['fooBarBaz', '(?i)BAR', '<$0>', 'foo<Bar>Baz'],
  ['abc', '', '.', '.a.b.c.'],
  ['abc', 'b*', '-', '-a-c-'],
  ['baaac', 'a*', 'x', 'xbxcx'],
  ['héé', 'é?', '-', '-h--'],
  ['x', 'x', '$', '$'],
  ['x', 'x', '${', '${'],
  ['x', 'x', '$9|${nope}|$nope|$01', '|||'],
  ['x', 'x', '$!', '$!'],
  ['😀😀', '', '.', '.😀.😀.'],
  ['ab', '\\Aa|b\\z', '', ''],
  ['aé1', '[[:alpha:]]', '_', '_é1'],
  ['xy', '(?P<a>x)|(?<a>y)', '<${a}>', '<x><y>'],
  ['xy', '(?P<a>x)(?P<b>)(?P<a>y)', '$a$3', 'xy'],
])('%j with %j replaced by %j', (text, match, replace, expected) => {
  expect(replaceAll(text, match, replace)).toBe(expected);
});

test('what does not match stays', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(replaceAll(text, 'never\\0x01never', 'y')).toBe(text);
    }),
  );
});

test.each(['(', '(?=a)', '(a)\\1', '[', '*'])('%j is refused', (match) => {
  expect(() => replaceAll('a', match, '')).toThrow(/r\.yaml:1:1: not a regular expression/);
});

test('a result beyond the limit is refused', () => {
  expect(() => replaceAll('a'.repeat(3000), 'a', '$0'.repeat(1000))).toThrow(/too long/);
});
