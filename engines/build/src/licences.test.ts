import { expect, test } from 'vitest';
import { licenseExpression, ownIdsIn } from './licences.ts';

test('identifiers that SPDX does not list are texts; melange looks at how an expression begins', () => {
  const expression = 'MIT AND (LicenseRef-a OR LicenseRef-b.c)';
  expect(ownIdsIn(expression, 'kiln')).toEqual(['LicenseRef-a', 'LicenseRef-b.c']);
  expect(ownIdsIn(expression, 'melange')).toEqual([]);
  expect(ownIdsIn('LicenseRef-a AND MIT', 'melange')).toEqual(['LicenseRef-a AND MIT']);
});

test('for melange, names of licences count in any case, and what is empty is joined behind the first', () => {
  const joined = (dialect: 'kiln' | 'melange'): string =>
    licenseExpression(
      ['mit', 'MIT and ISC', ''].map((license) => ({
        license,
        paths: [],
        attestation: '',
        licensePath: '',
        detectionOverride: '',
      })),
      dialect,
    );
  expect(joined('melange')).toBe('mit AND LicenseRef-MIT-and-ISC AND ');
  expect(joined('kiln')).toBe('LicenseRef-mit AND MIT and ISC');
});
