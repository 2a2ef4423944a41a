import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findInRoot, readRootFile } from './root-file.ts';

let directory = '';
let root = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-root-file-'));
  root = join(directory, 'root');
  await mkdir(join(root, 'usr/lib'), { recursive: true });
  await mkdir(join(root, 'etc'));
  await writeFile(join(directory, 'secret'), 'of the host');
  await writeFile(join(root, 'usr/lib/passwd'), 'of the guest');
  const links = {
    'etc/passwd': '/usr/lib/passwd',
    'etc/relative': '../usr/lib/passwd',
    'etc/climbing': '../../../../../../usr/lib/passwd',
    'etc/host': join(directory, 'secret'),
    'etc/above': '../../secret',
    'etc/circle': 'circle',
    lib: 'usr/lib',
  };
  for (const [path, target] of Object.entries(links)) await symlink(target, join(root, path));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const read = async (path: string, bytesMax?: number): Promise<string | undefined> => {
  const bytes = await readRootFile(root, path, bytesMax);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
};

test.for([
  'usr/lib/passwd',
  '/usr/lib/passwd',
  'lib/passwd',
  'etc/passwd',
  'etc/relative',
  'etc/climbing',
])('%s is found inside', async (path) => {
  expect(await read(path)).toBe('of the guest');
});

test.for(['etc/host', 'etc/above', '../secret', 'no', 'etc', 'usr/lib/passwd/x', ''])(
  '%j is no file inside',
  async (path) => {
    expect(await read(path)).toBeUndefined();
  },
);

test.for([
  ['lib', 'usr/lib'],
  ['etc/..', ''],
  ['lib/../../etc', 'etc'],
  ['etc/passwd', 'usr/lib/passwd'],
])('%j leads to %j', async ([path, real]) => {
  expect((await findInRoot(root, path ?? ''))?.path).toBe(real);
});

test('circles and large files are refused', async () => {
  await expect(read('etc/circle')).rejects.toMatchObject({ code: 'TREE_ENTRY_INVALID' });
  await expect(read('etc/passwd', 5)).rejects.toMatchObject({ code: 'TREE_TOO_LARGE' });
});
