import { KilnError } from '@kiln/base';
import { expect, test } from 'vitest';
import { describeError, exitCodeOf, roughly, table } from './report.ts';

test.each([
  [-5, '0s'],
  [59_400, '59s'],
  [59_600, '1m'],
  [3_560_000, '59m'],
  [3_580_000, '1h'],
  [47.4 * 3_600_000, '47h'],
  [60 * 3_600_000, '3d'],
])('%d ms are roughly %s', (ms, text) => expect(roughly(ms)).toBe(text));

test('a table has as many rows as there are', () => {
  const rows = Array.from({ length: 300_000 }, (_, at) => [`name ${at}`, 'x']);
  const text = table(['NAME', 'WHAT'], rows);
  expect(text.startsWith('NAME         WHAT\nname 0       x\n')).toBe(true);
  expect(text.endsWith('\nname 299999  x\n')).toBe(true);
});

test('a table has one line for each row, whatever is in it', () => {
  expect(table(['NAME'], [['a\nb'], ['\u001b[2J']])).toBe('NAME\na\\x0ab\n\\x1b[2J\n');
});

test('an error moves no cursor, whatever it quotes', () => {
  const cause = new Error('clear\u001b[2J');
  const error = new KilnError('APK_INVALID', 'bell\u0007 and\nline', { cause, hint: 'null\0' });
  expect(describeError(error)).toBe(
    'error[APK_INVALID]: bell\\x07 and\nline\n  because: clear\\x1b[2J\nhint: null\\x00\n',
  );
});

test.each([
  ['USAGE', 2],
  ['VERIFY_FAILED', 3],
  ['IMAGE_NOT_FOUND', 4],
  ['COMPOSE_BASE_UNKNOWN', 4],
  ['COMPOSE_UNSOLVED', 1],
  ['IMAGE_PROGRAM_MISSING', 127],
  ['IMAGE_PROGRAM_NOT_EXECUTABLE', 126],
] as const)('%s ends with %s', (code, exitCode) => {
  expect(exitCodeOf(new KilnError(code, ''))).toBe(exitCode);
});
