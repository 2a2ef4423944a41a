import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { homeFolders } from './reset.ts';

test('a reset deletes every folder that the operating page lists', () => {
  const page = path.join(import.meta.dirname, '../../../../docs/operating.md');
  const [, table = ''] = fs.readFileSync(page, 'utf8').split('## State');
  const folders = [...table.matchAll(/`([a-z]+)\/`(?=[^|\n]*\|[^|\n]*\|[^|\n]*\|)/g)].map(
    ([, folder]) => folder,
  );
  expect(folders).toContain('segments');
  expect(homeFolders).toEqual(expect.arrayContaining(folders));
});
