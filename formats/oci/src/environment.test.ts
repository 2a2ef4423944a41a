import { expect, test } from 'vitest';
import { environmentVariables } from './environment.ts';

test('a variable has the name before the first equals sign and the value behind it', () => {
  expect(environmentVariables({ env: ['PATH=/bin', 'A=b=c', 'EMPTY=', 'BARE'] })).toEqual([
    { name: 'PATH', value: '/bin' },
    { name: 'A', value: 'b=c' },
    { name: 'EMPTY', value: '' },
    { name: 'BARE', value: '' },
  ]);
  expect(environmentVariables({})).toEqual([]);
});
