import { expect, test } from 'vitest';
import { joinedLicenses } from './joined-licenses.ts';

test.each([
  [[], ''],
  [['MIT OR ISC'], 'MIT OR ISC'],
  [['MIT', 'ISC OR 0BSD'], 'MIT AND (ISC OR 0BSD)'],
  [['MIT', 'ISC or 0BSD'], 'MIT AND (ISC or 0BSD)'],
  [['(MIT OR ISC)', 'A AND (B OR C)'], '(MIT OR ISC) AND A AND (B OR C)'],
  [['(A) OR (B)', 'FOR'], '((A) OR (B)) AND FOR'],
])('licences that all hold are one expression: %j', (licenses, expression) => {
  expect(joinedLicenses(licenses)).toBe(expression);
});
