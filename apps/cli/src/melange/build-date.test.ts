import { expect, test } from 'vitest';
import { buildDate, buildDateOffset } from './build-date.ts';

test('an SBOM says the date as far from UTC as the flag does, where no variable counts before it', () => {
  const flag = '2020-01-01T00:00:00-02:30';
  expect(buildDate(flag, {})).toBe(Date.parse(flag) / 1000);
  expect(buildDateOffset(flag, { SOURCE_DATE_EPOCH: '' })).toBe(-150);
  expect(buildDateOffset('2020-01-01T00:00:00+02:00', {})).toBe(120);
  expect(buildDateOffset('2020-01-01T00:00:00-00:00', {})).toBe(0);
  expect(buildDateOffset('2020-01-01T00:00:00Z', {})).toBe(0);
  expect(buildDateOffset(flag, { SOURCE_DATE_EPOCH: '1' })).toBe(0);
});
