import { directoryEntry } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { expect, test } from 'vitest';
import { areParentsFirst, sortedAsApko } from './apko-file-order.ts';
import { installedRecords } from './installed-database.ts';
import { file, fixturePackage } from './package-fixture.ts';

/** More than a call may have arguments. */
const many = 600_000;
const { entry } = file('d/0', '');
const files: TarEntry[] = [];
for (let i = 0; i < many; i++) files.push({ ...entry, path: `d/${String(i).padStart(6, '0')}` });

test('a directory behind very many of its files is put into an order', () => {
  const late = [...files.slice(many / 2), directoryEntry('d'), ...files.slice(0, many / 2)];
  expect(areParentsFirst(late)).toBe(false);
  const sorted = sortedAsApko(late);
  expect([sorted.length, new Set(sorted).size]).toEqual([many + 1, many + 1]);
});

test('a directory of very many files is listed', () => {
  const members = [directoryEntry('d'), ...files].map((one) => ({ entry: one }));
  const [record] = installedRecords([fixturePackage('a', members)], new Map(), 'kiln').values();
  expect(new TextDecoder().decode(record).match(/^R:/gm)).toHaveLength(many);
});
