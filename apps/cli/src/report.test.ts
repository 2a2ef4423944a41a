import { expect, test } from 'vitest';
import { table } from './report.ts';

test('a table has as many rows as there are', () => {
  const rows = Array.from({ length: 300_000 }, (_, at) => [`name ${at}`, 'x']);
  const text = table(['NAME', 'WHAT'], rows);
  expect(text.startsWith('NAME         WHAT\nname 0       x\n')).toBe(true);
  expect(text.endsWith('\nname 299999  x\n')).toBe(true);
});
