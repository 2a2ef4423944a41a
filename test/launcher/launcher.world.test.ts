import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClone, run } from './fake-clone.ts';

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln launcher ü '));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const said = (words: readonly string[], program: string): string =>
  `${JSON.stringify({ words, program })}\n`;

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 20 }).toBe(true);
}

test('the first run installs and says so, the second compares a stamp and prints nothing', async () => {
  const clone = new FakeClone(folder, { node: true });
  const program = path.join(clone.root, 'kiln');
  const first = await clone.run(['0', 'two words', '*']).finished;
  expect(first).toEqual({
    code: 0,
    stdout: said(['0', 'two words', '*'], program),
    stderr: 'kiln: installing the locked dependencies\n',
  });
  expect(await clone.run(['3']).finished).toEqual({
    code: 3,
    stdout: said(['3'], program),
    stderr: '',
  });
  expect(clone.asked).toEqual(['ci']);
});

test('it is found through links', async () => {
  const clone = new FakeClone(folder, { node: true });
  fs.symlinkSync('ein Klon mit Ümläuten/kiln', path.join(folder, 'one'));
  fs.symlinkSync(path.join(folder, 'one'), path.join(folder, 'two'));
  const { code, stdout } = await clone.run(['0'], {}, [path.join(folder, 'two')]).finished;
  expect({ code, stdout }).toEqual({ code: 0, stdout: said(['0'], path.join(folder, 'two')) });
});

test('two at once install once, and both run', async () => {
  const clone = new FakeClone(folder, { node: true });
  const runs = [1, 2].map(() => clone.run(['0'], { FAKE_SECONDS: '1' }).finished);
  const finished = await Promise.all(runs);
  expect(finished.map(({ code }) => code)).toEqual([0, 0]);
  expect(clone.asked).toEqual(['ci']);
  expect(finished.map(({ stderr }) => stderr).join('')).toContain(
    'waiting for another kiln that is installing',
  );
});

test('words that Node has flags of the same names for are left to the command line', async () => {
  const clone = new FakeClone(folder, { node: true });
  const words = ['0', '--env-file', 'nowhere.env', '--inspect'];
  const { code, stdout } = await clone.run(words).finished;
  expect({ code, words: (JSON.parse(stdout) as { words: unknown }).words }).toEqual({
    code: 0,
    words,
  });
});

test('programs whose code is kept of a first run forget none of it', async () => {
  const clone = new FakeClone(folder, { node: true });
  clone.write('apps/cli/src/main.ts', 'console.log(JSON.stringify(process.execArgv));');
  await clone.run([]).finished;
  for (const word of ['image', 'apko', 'package', 'melange', 'up']) {
    const flags = JSON.parse((await clone.run([word]).finished).stdout) as string[];
    expect(flags.includes('--no-flush-bytecode'), word).toBe(word !== 'up');
  }
});

test('after kill -9 the next run waits for the npm left behind, and installs', async () => {
  const clone = new FakeClone(folder, { node: true });
  const killed = clone.run(['0'], { FAKE_SECONDS: '2' });
  await until(() => clone.asked.includes('ci'));
  process.kill(killed.pid, 'SIGKILL');
  const next = await clone.run(['0']).finished;
  expect(next.code).toBe(0);
  expect(next.stderr).toContain('waiting for another kiln');
  expect(clone.asked).toEqual(['ci', 'ci']);
  expect((await clone.run(['0']).finished).stderr).toBe('');
});

test.each([
  ['Ctrl-C', 'SIGINT', 130],
  ['a terminal that is closed', 'SIGHUP', 129],
] as const)(
  '%s ends npm too, and nothing stands in the way of the next run',
  async (_, name, code) => {
    const clone = new FakeClone(folder, { node: true });
    const stopped = clone.run(['0'], { FAKE_SECONDS: '30' });
    await until(() => clone.asked.includes('ci'));
    process.kill(stopped.pid, name);
    expect((await stopped.finished).code).toBe(code);
    const next = await clone.run(['0']).finished;
    expect(next.code).toBe(0);
  },
);

test('a changed lockfile installs beside what is there, in workspaces too, and swaps', async () => {
  const clone = new FakeClone(folder, { node: true });
  await clone.run(['0']).finished;
  const version = path.join(clone.root, 'node_modules/dependency/version');
  const before = fs.readFileSync(version, 'utf8');
  clone.lock('two');
  expect((await clone.run(['0']).finished).code).toBe(0);
  expect(clone.asked).toEqual(['ci', 'ci', 'whole']);
  expect(fs.readFileSync(version, 'utf8')).not.toBe(before);
  const inner = fs.readFileSync(path.join(clone.root, 'inner/node_modules/version'), 'utf8');
  expect(inner).toBe(fs.readFileSync(version, 'utf8'));
  expect(fs.readdirSync(path.join(clone.root, '.tools'))).not.toContain('work');
});

test('a failed installation says why, keeps what was there, and is tried again', async () => {
  const clone = new FakeClone(folder, { node: true });
  await clone.run(['0']).finished;
  clone.lock('two');
  const failed = await clone.run(['0'], { FAKE_FAILURE: 'no such package' }).finished;
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('no such package\nerror[LAUNCHER_DEPENDENCIES]: npm ci failed\n');
  expect(fs.existsSync(path.join(clone.root, 'node_modules/dependency/version'))).toBe(true);
  clone.lock('one');
  expect((await clone.run(['0']).finished).code).toBe(0);
  expect(clone.asked.filter((line) => line === 'ci').length).toBe(3);
});

test('an archive that is not the pinned Node is refused, and none of it is kept', async () => {
  const clone = new FakeClone(folder, { node: false });
  const { code, stderr } = await clone.run(['0']).finished;
  expect(code).toBe(1);
  expect(stderr).toMatch(/error\[LAUNCHER_NODE_DIGEST\].*\nhint: /);
  expect(fs.existsSync(path.join(clone.root, '.tools', clone.nodeName))).toBe(false);
});

test('a machine without npm is told how to get it', async () => {
  const clone = new FakeClone(folder, { node: false });
  const bin = path.join(folder, 'few');
  fs.mkdirSync(bin);
  for (const name of ['sh', 'dirname', 'readlink', 'cksum'])
    fs.symlinkSync(`/usr/bin/${name}`, path.join(bin, name));
  const { code, stderr } = await clone.run(['0'], { PATH: bin }).finished;
  expect(code).toBe(1);
  expect(stderr).toBe(
    'error[LAUNCHER_TOOL_MISSING]: npm is not installed\n' +
      'hint: install Node.js 20 or newer with npm, for instance: apt-get install nodejs npm\n',
  );
});

test('on a terminal the seconds of a step count up in place', async () => {
  const clone = new FakeClone(folder, { node: true });
  const command = `'${path.join(clone.root, 'kiln')}' 0`;
  const words = ['-qec', command, '/dev/null'];
  const { stdout } = await clone.run(words, { FAKE_SECONDS: '1.5', SHELL: '/bin/sh' }, ['script'])
    .finished;
  expect(stdout).toContain('\r\u001b[Kkiln: installing the locked dependencies  0s');
  // A busy machine may miss a second.
  expect(stdout).toMatch(/Kkiln: installing the locked dependencies {2}[1-9]\d*s/);
  expect(stdout).toMatch(/dependencies: done in \d+s\r\n/);
});

describe('a machine without libatomic', () => {
  /** A view of this machine in which only the clone can be written and the library is empty. */
  function hidden(clone: FakeClone, uid: string): string[] {
    const libraries = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/lib64']
      .map((where) => path.join(where, 'libatomic.so.1'))
      .filter((file) => fs.existsSync(file))
      .map((file) => fs.realpathSync(file));
    return [
      ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/var/tmp'],
      ['--bind', folder, folder, '--unshare-user', '--uid', uid, '--gid', uid],
      libraries.flatMap((file) => ['--ro-bind', '/dev/null', file]),
      ['--', path.join(clone.root, 'kiln')],
    ].flat();
  }

  /** Node itself is copied: its libraries are unpacked beside it. */
  function withNode(): FakeClone {
    const clone = new FakeClone(folder, { node: false });
    const bin = path.join(clone.root, '.tools', clone.nodeName, 'bin');
    fs.mkdirSync(bin, { recursive: true });
    fs.copyFileSync(process.execPath, path.join(bin, 'node'));
    return clone;
  }

  test.each([
    ['an ordinary user', '1000'],
    ['root that may not install', '0'],
  ])('%s gets it unpacked beside Node', async (_who, uid) => {
    const clone = withNode();
    const { code, stdout, stderr } = await clone.run(['0'], {}, hidden(clone, uid)).finished;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('"words":["0"]');
    expect(stderr).toContain('unpacking libatomic1 beside Node');
    const again = await clone.run(['0'], {}, hidden(clone, uid)).finished;
    expect(again).toMatchObject({ code: 0, stderr: '' });
  });

  test('without apt the exact command is printed', async () => {
    const clone = withNode();
    fs.writeFileSync(path.join(folder, 'bin/apt-get'), '#!/bin/sh\nexit 100\n', { mode: 0o755 });
    const { code, stderr } = await clone.run(['0'], {}, hidden(clone, '1000')).finished;
    expect(code).toBe(1);
    expect(stderr).toContain('error[LAUNCHER_LIBATOMIC]');
    expect(stderr).toContain('hint: run: apt-get install libatomic1\n');
  });
});

test('the launcher is plain sh', async () => {
  const clone = new FakeClone(folder, { node: true });
  const checked = run(['/bin/sh', '-n', path.join(clone.root, 'kiln')], clone.environment());
  expect(await checked.finished).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe('the bundle of the command line', () => {
  test('is run, and made again when a source is newer or the clone was moved', async () => {
    const clone = new FakeClone(folder, { node: true });
    clone.bundler("console.log('bundle', process.argv[2]);");
    const starts = async (): Promise<string> => (await clone.run(['0']).finished).stdout;
    expect(await starts()).toBe('bundle 0\n');
    expect(await starts()).toBe('bundle 0\n');
    expect(clone.asked.filter((line) => line === 'bundle')).toHaveLength(1);
    clone.write('apps/cli/src/new.ts', '');
    expect(await starts()).toBe('bundle 0\n');
    expect(clone.asked.filter((line) => line === 'bundle')).toHaveLength(2);
    clone.move('anderswo');
    expect(await starts()).toBe('bundle 0\n');
    expect(clone.asked.filter((line) => line === 'bundle')).toHaveLength(3);
  });

  test('that cannot be made leaves the sources to run', async () => {
    const clone = new FakeClone(folder, { node: true });
    clone.write('tools/bundle/src/main.ts', "throw new Error('no bundle today');");
    await clone.run(['0']).finished;
    const { code, stderr, stdout } = await clone.run(['0']).finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(said(['0'], path.join(clone.root, 'kiln')));
    expect(fs.readFileSync(path.join(clone.root, '.tools/bundle.log'), 'utf8')).toContain(
      'no bundle today',
    );
  });
});
