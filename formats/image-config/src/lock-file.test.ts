import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseLockFile, printLockFile } from './index.ts';

const bytes = readFileSync(new URL('../testdata/lock.json', import.meta.url));
const parse = (text: string, dialect?: 'kiln' | 'apko'): ReturnType<typeof parseLockFile> =>
  parseLockFile(Buffer.from(text), 'x.lock.json', dialect);

test('a lock that was read is printed as apko wrote it', () => {
  expect(printLockFile(parseLockFile(bytes, 'lock.json'))).toBe(bytes.toString());
});

test('what is absent is empty', () => {
  const lock = parse('{"contents": {"packages": [{"name": "a"}], "keyring": null}}', 'apko');
  expect(lock.config).toBeUndefined();
  expect(lock.keyring).toEqual([]);
  expect(lock.packages[0]).toMatchObject({ name: 'a', checksum: '', data: { range: '' } });
});

test('a version is a text', () => {
  expect(() => parse('{"version": 5}')).toThrow('does not say that its version is v1');
  expect(() => parse('{"version": 5}', 'apko')).toThrow('version: no text');
  expect(() => parse('{"version": "v7"}', 'apko')).not.toThrow();
});

test('to apko names of members are the same in any case, and the last counts that is not null', () => {
  const text = '{"Contents": {"PACKAGES": [{"name": "a", "Name": "b", "NAME": null}]}}';
  expect(parse(text, 'apko').packages).toMatchObject([{ name: 'b' }]);
});

test.each([
  '',
  '[]',
  '\uFEFF{}',
  '{"contents": {"packages": {}}}',
  '{"contents": {"packages": [5]}}',
])('no lock: %s', (text) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({
      code: 'IMAGE_LOCK_INVALID',
      message: expect.stringContaining('x.lock.json: '),
    }),
  );
});

describe('a lock that is not to be believed', () => {
  const lock = (packages: readonly object[], version: unknown = 'v1'): string =>
    JSON.stringify({ version, contents: { packages } });
  const one = { name: 'a', version: '1-r0', architecture: 'x86_64', checksum: 'Q1' };

  test.each([
    ['of a later version', lock([one], 'v9'), 'version "v9" is not known'],
    ['of no version', lock([one], null), 'does not say that its version is v1'],
    ['with a package twice', lock([one, { ...one, version: '2-r0' }]), 'package a-2-r0 is there'],
    ['with a path for a name', lock([{ ...one, name: '../../x' }]), '"../../x" is no name'],
    ['with an option for a name', lock([{ ...one, name: '-f' }]), '"-f" is no name'],
    ['with a path for a version', lock([{ ...one, version: '1/../2' }]), '"1/../2" is no version'],
    ['without a version', lock([{ ...one, version: '' }]), 'package a-: "" is no version'],
  ])('is one %s', (_what, text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'IMAGE_LOCK_INVALID',
        message: expect.stringContaining(`x.lock.json: `),
      }),
    );
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text, 'apko')).not.toThrow();
  });

  test('is not one with a package for two architectures', () => {
    const { packages } = parse(lock([one, { ...one, architecture: 'aarch64' }]));
    expect(packages).toHaveLength(2);
  });
});
