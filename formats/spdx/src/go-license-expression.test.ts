import { expect, test } from 'vitest';
import { isGoLicenseExpression } from './go-license-expression.ts';

test.each([
  'mit',
  ' Apache-2.0 ',
  'GPL-2.0+',
  'Apache-2.0+',
  'Apache-2.0-or-later',
  'MIT-only',
  'gpl-2.0-or-later with classpath-exception-2.0',
  '(MIT OR ISC) AND LicenseRef-own',
  'DocumentRef-a:LicenseRef-b',
])('"%s" is an expression', (text) => {
  expect(isGoLicenseExpression(text)).toBe(true);
});

test.each([
  '',
  'MIT and ISC',
  'MIT OR',
  '(MIT',
  'MIT +',
  'NOASSERTION',
  'LicenseRef-a_b',
  'Own terms',
])('"%s" is none', (text) => {
  expect(isGoLicenseExpression(text)).toBe(false);
});
