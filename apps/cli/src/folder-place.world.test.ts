import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseInvocation } from './command.ts';
import { imageBuild } from './commands/image-build.ts';
import { readConfig } from './config.ts';
import { folderPlace } from './folder-place.ts';
import { cacheFolder } from './local/cache-folder.ts';

const refusal = {
  code: 'HOST_CALL_FAILED',
  message: expect.stringMatching(/^mkdir "\/proc\/.*": folders cannot be made/),
};

test.each(['/proc/new', '/proc/new/folder', '/proc/self/fdinfo', '/proc/1/new/folder'])(
  'there is no place for a folder at %s',
  (place) => {
    expect(() => folderPlace(place)).toThrow(expect.objectContaining(refusal));
  },
);

test('there is one elsewhere, also where the way leads through a process', () => {
  for (const place of ['/proc/self/cwd', '/proc/self/cwd/a/b', '/tmp/a/b', '/sys/a'])
    expect(folderPlace(place)).toBe(place);
  expect(folderPlace('a')).toBe(path.resolve('a'));
});

test('caches, homes and outputs are not made there, and nothing waits for it', async () => {
  expect(() => cacheFolder({ XDG_CACHE_HOME: '/proc/x' })).toThrow(
    expect.objectContaining(refusal),
  );
  expect(() => readConfig({ KILN_HOME: '/proc/x/y' })).toThrow(expect.objectContaining(refusal));
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-place-'));
  try {
    const image = path.join(root, 'image.yaml');
    fs.writeFileSync(image, JSON.stringify({ paths: [{ path: '/a', type: 'directory' }] }));
    const build = async (...words: readonly string[]): Promise<unknown> => {
      const print = { data: () => undefined, talk: () => undefined };
      const all = [image, '--arch', 'x86_64', '--no-vcs', ...words];
      const config = readConfig({ KILN_HOME: path.join(root, 'home') });
      return imageBuild.run(parseInvocation(imageBuild, all, config, print));
    };
    const output = ['-o', path.join(root, 'image.tar')];
    const cache = ['--cache-dir', path.join(root, 'cache')];
    await expect(build(...output, '--cache-dir', '/proc/x/y')).rejects.toMatchObject(refusal);
    await expect(build(...cache, '-o', '/proc/x/y/')).rejects.toMatchObject(refusal);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
});
