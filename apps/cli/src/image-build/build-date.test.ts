import { expect, test } from 'vitest';
import { buildDate } from './build-date.ts';

test.each([
  ['2024-01-02T03:04:05+02:00', 120],
  ['2024-01-02T03:04:05-05:30', -330],
  ['2024-01-02T03:04:05+00:00', 0],
  ['2024-01-02T03:04:05Z', 0],
  ['', 0],
])('%j is %d minutes from UTC', (flag, minutes) => {
  const date = buildDate(flag, {}, 'apko');
  expect([date.flagOffsetMinutes, date.epochOffsetMinutes]).toEqual([minutes, minutes]);
});

test('what SOURCE_DATE_EPOCH says is of UTC, and so is all in dialect kiln', () => {
  const flag = '2024-01-02T03:04:05+02:00';
  const offsets = (environment: Record<string, string>, dialect: 'apko' | 'kiln'): number[] => {
    const date = buildDate(flag, environment, dialect);
    return [date.flagOffsetMinutes, date.epochOffsetMinutes];
  };
  expect(offsets({ SOURCE_DATE_EPOCH: '1' }, 'apko')).toEqual([120, 0]);
  expect(offsets({ SOURCE_DATE_EPOCH: ' ' }, 'apko')).toEqual([120, 120]);
  expect(offsets({}, 'kiln')).toEqual([0, 0]);
});
