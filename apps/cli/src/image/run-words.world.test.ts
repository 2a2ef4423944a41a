import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Config } from '@kiln/oci';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runWords } from './run-words.ts';

let folder: string;
let root: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-run-words-'));
  root = path.join(folder, 'root');
  fs.mkdirSync(path.join(root, 'etc'), { recursive: true });
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): void => fs.writeFileSync(path.join(root, name), text);
const configOf = (config: Config['config']): Config =>
  ({ architecture: 'amd64', os: 'linux', diffIds: [], config }) satisfies Config;

async function optionOf(name: string, config: Config['config']): Promise<string | undefined> {
  const words = await runWords(root, configOf(config), ['/program']);
  return words[words.indexOf(name) + 1];
}

test.each(['etc/resolv.conf', 'etc'])(
  'nothing is made on the host where %s leads out of the image',
  async (name) => {
    // That is where bubblewrap has the host's files while it makes the sandbox.
    const out = path.join('/oldroot', folder, 'out');
    fs.mkdirSync(path.join(folder, 'out'));
    fs.rmSync(path.join(root, name), { recursive: true, force: true });
    fs.symlinkSync(name === 'etc' ? out : `${out}/made`, path.join(root, name));
    spawnSync('bwrap', await runWords(root, configOf({}), ['/program']));
    expect(fs.readdirSync(path.join(folder, 'out'))).toEqual([]);
  },
);

test.each([
  ['', '0', '0'],
  ['65532', '65532', '0'],
  ['101', '101', '102'],
  ['7:staff', '7', '50'],
])('the user "%s" is that of the image', async (user, uid, gid) => {
  write('etc/passwd', 'root:x:0:0::/:/bin/sh\nweb:x:101:102::/:/bin/sh\n');
  write('etc/group', 'staff:x:50:\n');
  expect(await optionOf('--uid', { user })).toBe(uid);
  expect(await optionOf('--gid', { user })).toBe(gid);
});

test('a user whom it does not know is refused', async () => {
  await expect(optionOf('--uid', { user: 'nobody' })).rejects.toMatchObject({
    code: 'IMAGE_USER_INVALID',
  });
});

test('environment variables are names and values, and words have no NUL', async () => {
  expect(await optionOf('A', { env: ['A=b=c'] })).toBe('b=c');
  for (const config of [
    { env: ['NAME'] },
    { env: ['=value'] },
    { env: ['A=b\0c'] },
    { workingDir: '/\0' },
  ])
    await expect(runWords(root, configOf(config), [])).rejects.toMatchObject({
      code: 'IMAGE_CONTENT',
    });
});

test('the folder that an image begins in is made where it is not', async () => {
  fs.mkdirSync(path.join(root, 'srv'));
  expect(await optionOf('--chdir', { workingDir: '/srv/app/../web/1' })).toBe('/srv/web/1');
  expect(fs.readdirSync(path.join(root, 'srv'))).toEqual(['web']);
  expect(await optionOf('--chdir', { workingDir: 'data' })).toBe('/data');
  expect(fs.statSync(path.join(root, 'data')).isDirectory()).toBe(true);
  expect(await optionOf('--chdir', {})).toBe('/');
});

test.each(['..', 'link'])('it is not made out of the image, through %s', async (way) => {
  fs.mkdirSync(path.join(folder, 'out'));
  fs.symlinkSync('../out', path.join(root, 'link'));
  await optionOf('--chdir', { workingDir: `/${way}/out/made` });
  await optionOf('--chdir', { workingDir: `/${way}/made` });
  expect(fs.readdirSync(path.join(folder, 'out'))).toEqual([]);
});

test('a file in its place stays', async () => {
  write('etc/file', 'text');
  await optionOf('--chdir', { workingDir: '/etc/file/below' });
  expect(fs.readFileSync(path.join(root, 'etc/file'), 'utf8')).toBe('text');
});

test('a resolver of the image goes, also for a person who may not write beside it', async () => {
  // Root may write everywhere: somebody else does it for him.
  const asOther = process.getuid?.() === 0;
  const program = `
    import fs from 'node:fs';
    import { runWords } from ${JSON.stringify(path.join(import.meta.dirname, 'run-words.ts'))};
    const [root] = process.argv.slice(1);
    fs.mkdirSync(root + '/etc/resolv.conf/closed', { recursive: true });
    fs.chmodSync(root + '/etc/resolv.conf/closed', 0);
    fs.chmodSync(root + '/etc', 0o555);
    await runWords(root, { architecture: 'amd64', os: 'linux', diffIds: [], config: {} }, ['/program']);
    console.log(fs.readdirSync(root + '/etc').length);
  `;
  const other = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  const [command, ...words] = [
    ...(asOther ? other : []),
    process.execPath,
    ...flags,
    '--',
    path.join(folder, 'other'),
  ];
  if (asOther) fs.chmodSync(folder, 0o777);
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['0\n', '']);
});
