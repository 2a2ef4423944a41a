import { expect, test } from 'vitest';
import { buildDate } from './build-date.ts';

test.each([
  ['2024-01-02T03:04:05+02:00', 120],
  ['2024-01-02T03:04:05-05:30', -330],
  ['2024-01-02T03:04:05+00:00', 0],
  ['2024-01-02T03:04:05Z', 0],
  ['', 0],
])('%j is %d minutes from UTC', (flag, minutes) => {
  expect(buildDate(flag, {}, 'apko').flagOffsetMinutes).toBe(minutes);
});
