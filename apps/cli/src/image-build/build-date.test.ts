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

test.each([
  '2020-02-30T00:00:00Z',
  '2019-02-29T00:00:00Z',
  '2020-01-01T24:00:00Z',
  '2020-01-01T23:59:60Z',
  '2020-01-01T00:00:00+24:00',
  '2020-01-01T00:0:00Z',
  '2020-01-01',
  '2020-01-01T00:00:00',
])('%s is no time', (flag) => {
  expect(() => buildDate(flag, {}, 'apko')).toThrow(`--build-date is "${flag}"`);
});

test('an hour may have one digit', () => {
  const { flagSeconds } = buildDate('2020-01-01T1:02:03+02:00', {}, 'apko');
  expect(flagSeconds).toBe(buildDate('2020-01-01T01:02:03+02:00', {}, 'apko').flagSeconds);
});

test('a fraction of a second is cut', () => {
  const second = buildDate('2020-02-29T12:00:00Z', {}, 'apko').flagSeconds;
  for (const fraction of ['.999', ',5', '.1234567890123'])
    expect(buildDate(`2020-02-29T14:00:00${fraction}+02:00`, {}, 'apko').flagSeconds).toBe(second);
  expect(buildDate('1969-12-31T23:59:59.5Z', {}, 'apko').flagSeconds).toBe(-1);
});

test.each(['253402300800', '999999999999', '-62167219201', '5.0', '1e3'])(
  'SOURCE_DATE_EPOCH %s is none',
  (epoch) => {
    const environment = { SOURCE_DATE_EPOCH: epoch };
    expect(() => buildDate('', environment, 'kiln')).toThrow(
      `failed to parse SOURCE_DATE_EPOCH: "${epoch}"`,
    );
  },
);
