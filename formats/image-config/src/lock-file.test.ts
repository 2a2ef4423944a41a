import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseLockFile, printLockFile } from './index.ts';

const bytes = readFileSync(new URL('../testdata/lock.json', import.meta.url));
const parse = (text: string): ReturnType<typeof parseLockFile> =>
  parseLockFile(Buffer.from(text), 'x.lock.json');

test('a lock that was read is printed as apko wrote it', () => {
  expect(printLockFile(parseLockFile(bytes, 'lock.json'))).toBe(bytes.toString());
});

test('what is absent is empty', () => {
  const lock = parse('{"contents": {"packages": [{"name": "a"}], "keyring": null}}');
  expect(lock.config).toBeUndefined();
  expect(lock.keyring).toEqual([]);
  expect(lock.packages[0]).toMatchObject({ name: 'a', checksum: '', data: { range: '' } });
});

test.each(['', '[]', '{"contents": {"packages": {}}}', '{"contents": {"packages": [5]}}'])(
  'no lock: %s',
  (text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'IMAGE_LOCK_INVALID',
        message: expect.stringContaining('x.lock.json: '),
      }),
    );
  },
);
