import { expect, test } from 'vitest';
import { ownIdsIn } from './licences.ts';

test('identifiers that SPDX does not list are texts; melange looks at how an expression begins', () => {
  const expression = 'MIT AND (LicenseRef-a OR LicenseRef-b.c)';
  expect(ownIdsIn(expression, 'kiln')).toEqual(['LicenseRef-a', 'LicenseRef-b.c']);
  expect(ownIdsIn(expression, 'melange')).toEqual([]);
  expect(ownIdsIn('LicenseRef-a AND MIT', 'melange')).toEqual(['LicenseRef-a AND MIT']);
});
