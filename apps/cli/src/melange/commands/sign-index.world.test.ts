import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ranMelange, type RanMelange } from '../testing.ts';

const signed = fileURLToPath(
  new URL(
    '../../../../../formats/apk/testdata/apko/repos/edge/x86_64/APKINDEX.tar.gz',
    import.meta.url,
  ),
);

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'kiln-sign-index-'));
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const signIndex = (...args: readonly string[]): Promise<RanMelange> =>
  ranMelange(['sign-index', ...args]);

test('an index that is signed stays, and no key is read for it unless --force is given', async () => {
  const file = path.join(folder, 'APKINDEX.tar.gz');
  const missing = path.join(folder, 'nobody.rsa');
  fs.cpSync(signed, file);
  const { code, talk } = await signIndex('--signing-key', missing, file);
  expect({ code, talk }).toMatchObject({
    code: 0,
    talk: expect.stringContaining('signed already'),
  });
  expect(fs.readFileSync(file).equals(fs.readFileSync(signed))).toBe(true);
  expect(await signIndex('--signing-key', missing, '--force', file)).toMatchObject({
    code: 1,
    talk: expect.stringContaining('no such file'),
  });
});
