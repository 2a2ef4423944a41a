import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compareVersions } from './compare.ts';

const lines = readFileSync(new URL('../testdata/apk.tsv', import.meta.url), 'utf8')
  .trim()
  .split('\n');

it.each(lines.map((line) => line.split('\t')))('%s %s %s', (a = '', operator = '', b = '') => {
  expect('<=>'[compareVersions(a, b) + 1]).toBe(operator);
});
