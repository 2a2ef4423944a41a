import { expect, test } from 'vitest';
import { rfc3339 } from './time-text.ts';

test.each([
  [1_700_000_000.9, 0, '2023-11-14T22:13:20Z'],
  [1_700_000_000, 120, '2023-11-15T00:13:20+02:00'],
  [999_999_999_999, 0, '33658-09-27T01:46:39Z'],
  [1_700_000_000, -330, '2023-11-14T16:43:20-05:30'],
])('%d seconds, %d minutes from UTC, are %s', (seconds, offsetMinutes, text) => {
  expect(rfc3339(seconds, offsetMinutes)).toBe(text);
});
