import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root, run } from './fake-clone.ts';
import type { Finished } from './fake-clone.ts';

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-host-'));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const home = (): string => path.join(folder, 'home');
const main = path.join(root, 'apps/cli/src/main.ts');

/** Runs the command line of this clone after the words of `inside`. */
function kiln(
  words: readonly string[],
  inside: readonly string[] = [],
  more: Record<string, string> = {},
): Promise<Finished> {
  return run([...inside, process.execPath, main, ...words], {
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
    LD_LIBRARY_PATH: process.env['LD_LIBRARY_PATH'] ?? '',
    HOME: folder,
    KILN_HOME: home(),
    KILN_PORT: '0',
    ...more,
  }).finished;
}

test('an ordinary user without bubblewrap is told the command that installs it', async () => {
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  const { code, stdout, stderr } = await kiln(['up'], ['/usr/bin/unshare', '--user'], {
    PATH: bin,
  });
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'error[HOST_BUBBLEWRAP_MISSING]: bubblewrap is not installed: builds and tests run in its sandboxes\n' +
      'hint: run: apt-get install bubblewrap\n',
  });
  expect(fs.existsSync(home())).toBe(false);
});

test('a kernel without user namespaces is one clear error, and nothing is left running', async () => {
  const limit = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  const inside = ['unshare', '--user', '--map-root-user', 'sh', '-c', limit, 'limit'];
  const { code, stdout, stderr } = await kiln(['up', '--only', 'static'], inside);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('error[CONFINE_UNAVAILABLE]: workers cannot be confined: ');
  expect(stderr).toMatch(/hint: .*allow user namespaces/);
  expect(stderr.match(/error\[/g)?.length).toBe(1);
  expect((await kiln(['status'])).stderr).toContain('error[FACTORY_NOT_RUNNING]');
});

test('a port that is none, and one in use, are refused', async () => {
  const none = await kiln(['up'], [], { KILN_PORT: '70000' });
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/^error\[CONFIG_PORT\].*\nhint: .*\n$/);
  const net = await import('node:net');
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as { port: number };
    const temporary = path.join(folder, 'tmp');
    fs.mkdirSync(temporary);
    const used = await kiln(['up'], [], { KILN_PORT: String(port), TMPDIR: temporary });
    expect(used.code).toBe(1);
    expect(used.stderr).toContain(`error[FACTORY_PORT_IN_USE]: port ${port} is in use`);
    expect(fs.readdirSync(temporary).filter((name) => name.startsWith('kiln-'))).toEqual([]);
  } finally {
    server.close();
  }
});

test('talk goes to standard error, data to standard output, and exit codes say what kind', async () => {
  expect(await kiln(['--help'])).toMatchObject({ code: 0, stderr: '' });
  expect(await kiln(['version'])).toMatchObject({ code: 0, stderr: '' });
  expect(await kiln(['stauts'])).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error[USAGE]: no such command: stauts\nhint: did you mean kiln status? kiln --help lists the commands\n',
  });
  expect(await kiln(['image', 'sl'])).toMatchObject({ code: 2, stdout: '' });
  expect(await kiln(['queue', 'ls', '--jsn'])).toMatchObject({
    code: 2,
    stderr: "error[USAGE]: unknown option '--jsn'\nhint: kiln queue ls --help\n",
  });
  expect(await kiln(['status'])).toMatchObject({ code: 1, stdout: '' });
  expect(await kiln(['down'])).toMatchObject({ code: 0, stdout: '' });
});

test('help is where it is looked for', async () => {
  const page = await kiln(['queue', 'ls', '--help']);
  expect(page.stdout).toMatch(/^usage: kiln queue ls/);
  expect(await kiln(['help', 'queue', 'ls'])).toEqual(page);
  const group = await kiln(['queue', '--help']);
  expect(group.stdout).toMatch(/^usage: kiln queue COMMAND/);
  expect(await kiln(['queue'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error[USAGE]: kiln queue is a group of commands\nhint: kiln queue --help lists them\n',
  });
});

test('what cannot be written out is an error, without a stack', async () => {
  const words = ['sh', '-c', '"$0" "$@" > /dev/full'];
  expect(await kiln(['package', 'schema'], words)).toEqual({
    code: 75,
    stdout: '',
    stderr:
      'error[HOST_CALL_FAILED]: write: no space left on device\nhint: make room on that disk\n',
  });
});

test('a reader that has had enough is no error', async () => {
  const script = '"$0" "$@" | head -n 1; echo "${PIPESTATUS[0]}"';
  const { stdout, stderr } = await kiln(['--help'], ['bash', '-c', script]);
  expect({ stdout, stderr }).toEqual({ stdout: 'usage: kiln COMMAND [OPTIONS]\n0\n', stderr: '' });
});

test.runIf(process.env['KILN_TEST_FULL'] === '1')(
  'a fresh clone with empty caches brings up, verifies and runs its first image',
  { timeout: 600_000 },
  async () => {
    const clone = path.join(folder, 'clone');
    const environment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: folder };
    const inClone = (words: readonly string[]): Promise<Finished> =>
      run(words, { ...environment, KILN_PORT: '0' }).finished;
    expect((await inClone(['git', 'clone', '-q', root, clone])).code).toBe(0);
    const launcher = path.join(clone, 'kiln');
    try {
      const up = await inClone([launcher, 'up', '--only', 'static']);
      expect(up).toMatchObject({ code: 0 });
      expect((await inClone([launcher, 'verify', 'static'])).stdout).toContain('verified: ');
      expect((await inClone([launcher, 'image', 'run', 'static'])).code).toBe(0);
      const again = await inClone([launcher, 'up', '--only', 'static']);
      expect(again.stderr).toContain('nothing to do: the catalog is as desired');
    } finally {
      await inClone([launcher, 'down']);
    }
  },
);
