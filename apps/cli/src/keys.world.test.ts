import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keyPublic } from './commands/key.ts';
import { parseInvocation } from './command.ts';
import { readConfig } from './config.ts';
import { imageKeyOf, readKey } from './keys.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-keys-'));
afterAll(() => fs.rmSync(home, { recursive: true }));
const print = { data: () => undefined, talk: () => undefined };

const publicKey = (): Promise<number> =>
  keyPublic.run(parseInvocation(keyPublic, [], readConfig({ KILN_HOME: home }), print));

test('a key that is not there is not found', async () => {
  expect(() => readKey(path.join(home, 'nowhere'))).toThrow(
    expect.objectContaining({ code: 'KEY_NOT_FOUND' }),
  );
  await expect(publicKey()).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
});

test('without a factory there is none of its own, and a file that is named counts', () => {
  expect(() => imageKeyOf(home, undefined)).toThrow(
    expect.objectContaining({
      code: 'KEY_NOT_FOUND',
      hint: expect.stringContaining('kiln up') as string,
    }),
  );
  const file = path.join(home, 'named.pub');
  fs.writeFileSync(file, 'a key');
  expect(imageKeyOf(home, file)).toBe('a key');
});

test('a key that cannot be looked for is not said not to be there', async () => {
  fs.symlinkSync('public', path.join(home, 'public'));
  expect(() => readKey(path.join(home, 'public', 'image.pub'))).toThrow('ELOOP');
  await expect(publicKey()).rejects.toThrow('ELOOP');
});
