import { expect, test } from 'vitest';
import { evaluateCondition } from './condition.ts';
import { quoteForCondition } from './substitute.ts';
import fc from 'fast-check';

const place = { file: 'r.yaml', line: 1, column: 1 };
const holds = (text: string): boolean => evaluateCondition(text, place);

test('an empty condition holds', () => expect(holds('')).toBe(true));

test('"&&" and "||" have one precedence and associate left', () => {
  expect(holds(`'a'=='a' || 'a'=='a' && 'a'=='b'`)).toBe(false);
  expect(holds(`'a'=='a' || ('a'=='a' && 'a'=='b')`)).toBe(true);
});

test('escapes stand for one character and other backslashes stay', () => {
  expect(
    holds(String.raw`"a\"b\\\n" == 'a"b\\
'`),
  ).toBe(true);
  expect(holds(String.raw`'\d' == "\\d"`)).toBe(true);
});

test.each([
  ' ',
  `a == 'b'`,
  `'a'`,
  `!'a' == 'b'`,
  `('a' == 'a'`,
  `'a' == 'a' 'b'`,
  `'a`,
  `'a' = 'a'`,
  '('.repeat(9999),
])('refuses %s', (text) => {
  expect(() => holds(text)).toThrow(expect.objectContaining({ code: 'RECIPE_CONDITION_INVALID' }));
});

test('a quoted value means exactly itself', () => {
  const agrees = fc.property(
    fc.string(),
    fc.string(),
    (a, b) =>
      holds(`${quoteForCondition(a)} == ${quoteForCondition(b)}`) === (a === b) &&
      holds(`${quoteForCondition(a)} == ${quoteForCondition(a)}`),
  );
  expect(fc.check(agrees).failed).toBe(false);
});
