import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, systemRandom } from '@kiln/base';
import { afterAll, expect, test } from 'vitest';
import { createKeys, openKeys } from './key-files.ts';
import type { KeyDirectories } from './key-files.ts';

const root = mkdtempSync(join(tmpdir(), 'kiln-keys-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
const fresh = (): KeyDirectories & { readonly parent: string } => {
  const parent = join(root, String((count += 1)));
  return { parent, keysDirectory: join(parent, 'keys'), publicDirectory: join(parent, 'public') };
};
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test('keys are made private, and their public halves copied out', async () => {
  const at = fresh();
  const before = process.umask(0);
  const keys = await createKeys(at, systemRandom);
  process.umask(before);
  expect(mode(at.keysDirectory)).toBe('700');
  expect(readdirSync(at.keysDirectory).sort()).toEqual(['apk.key', 'image.key']);
  expect(mode(join(at.keysDirectory, 'apk.key'))).toBe('600');
  expect(mode(join(at.keysDirectory, 'image.key'))).toBe('600');
  expect(keys.apkKeyName).toMatch(/^kiln-[0-9a-f]{8}\.rsa\.pub$/);
  expect(readdirSync(at.publicDirectory).sort()).toEqual(['image.pub', keys.apkKeyName].sort());
  expect(mode(join(at.publicDirectory, 'image.pub'))).toBe('644');
  expect(readFileSync(join(at.publicDirectory, keys.apkKeyName), 'utf8')).toBe(keys.apkKeyPem);
  expect((await openKeys(at.keysDirectory)).apkKey.asymmetricKeyDetails?.modulusLength).toBe(4096);
  expect(readdirSync(at.parent).sort()).toEqual(['keys', 'public']);
});

test('asking again gives the same keys and restores the public halves', async () => {
  const at = fresh();
  const keys = await createKeys(at, systemRandom);
  rmSync(at.publicDirectory, { recursive: true });
  expect(await createKeys(at, systemRandom)).toEqual(keys);
  expect(readFileSync(join(at.publicDirectory, 'image.pub'), 'utf8')).toBe(keys.imageKeyPem);
});

test('of several at once one wins, and all get its keys', async () => {
  const at = fresh();
  const all = await Promise.all([1, 2, 3].map((seed) => createKeys(at, seededRandom(seed))));
  expect(new Set(all.map(({ imageKeyPem }) => imageKeyPem)).size).toBe(1);
  expect(readdirSync(at.parent).sort()).toEqual(['keys', 'public']);
});

test('a directory with something else in it is not touched', async () => {
  const at = fresh();
  mkdirSync(at.keysDirectory, { recursive: true, mode: 0o700 });
  writeFileSync(join(at.keysDirectory, 'apk.key'), 'precious', { mode: 0o600 });
  await expect(createKeys(at, systemRandom)).rejects.toMatchObject({ code: 'KEYS_NOT_WRITTEN' });
  expect(readFileSync(join(at.keysDirectory, 'apk.key'), 'utf8')).toBe('precious');
  expect(readdirSync(at.parent)).toEqual(['keys']);
});

test('keys that others may read, that are links, or that are damaged are refused', async () => {
  const at = fresh();
  await createKeys(at, systemRandom);
  const image = join(at.keysDirectory, 'image.key');
  chmodSync(image, 0o640);
  await expect(openKeys(at.keysDirectory)).rejects.toMatchObject({ code: 'KEYS_EXPOSED' });
  chmodSync(image, 0o600);
  chmodSync(at.keysDirectory, 0o755);
  await expect(openKeys(at.keysDirectory)).rejects.toMatchObject({ code: 'KEYS_EXPOSED' });
  chmodSync(at.keysDirectory, 0o700);
  const pem = readFileSync(image, 'utf8');
  writeFileSync(image, pem.slice(0, 100));
  await expect(openKeys(at.keysDirectory)).rejects.toMatchObject({ code: 'KEYS_INVALID' });
  rmSync(image);
  await expect(openKeys(at.keysDirectory)).rejects.toMatchObject({ code: 'KEYS_MISSING' });
  writeFileSync(join(at.parent, 'elsewhere'), pem, { mode: 0o600 });
  symlinkSync(join(at.parent, 'elsewhere'), image);
  await expect(openKeys(at.keysDirectory)).rejects.toMatchObject({ code: 'KEYS_EXPOSED' });
});
