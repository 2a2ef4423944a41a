import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { vcsUrlOf } from './vcs.ts';

const start = process.cwd();
let root: string;
let commit: string;

const git = (...words: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
    cwd: root,
    encoding: 'utf8',
  }).trim();

beforeAll(() => {
  root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-vcs-test-')));
  fs.mkdirSync(path.join(root, 'images'));
  fs.writeFileSync(path.join(root, 'images/a.yaml'), '');
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'a');
  git('remote', 'add', 'origin', 'https://git.example.org/a');
  commit = git('rev-parse', 'HEAD');
});
beforeEach(() => process.chdir(root));
afterAll(() => {
  process.chdir(start);
  fs.rmSync(root, { recursive: true, force: true });
});

test.each([
  ['https://ada:secret@git.example.org/a.git', 'https://git.example.org/a.git'],
  ['git@git.example.org:team/a.git', 'git+ssh://git.example.org/team/a.git'],
  ['ssh://git@git.example.org:22/a', 'ssh://git.example.org:22/a'],
  ['HTTPS://git.example.org/é b', 'https://git.example.org/%C3%A9%20b'],
  ['../a', '../a'],
])('the remote %s is recorded as %s', async (remote, recorded) => {
  git('remote', 'set-url', 'origin', remote);
  for (const dialect of ['apko', 'kiln'] as const)
    expect(await vcsUrlOf('images/a.yaml', dialect)).toBe(`${recorded}@${commit}`);
});

test('the first of several addresses counts', async () => {
  git('remote', 'set-url', 'origin', 'https://git.example.org/a');
  git('remote', 'set-url', '--add', 'origin', 'https://git.example.org/b');
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe(`https://git.example.org/a@${commit}`);
});

test('to apko the address is what the checkout has instead of it, and not what its user has', async () => {
  git('config', '--replace-all', 'remote.origin.url', 'https://git.example.org/a');
  fs.writeFileSync('instead', '[url "i:"]\n\tinsteadOf = https://git.example.org/a');
  git('config', 'include.path', '../instead');
  git('config', 'url.https://short.example.org/.insteadOf', 'https://');
  git('config', 'url.https://long.example.org/.insteadOf', 'https://git.');
  git('config', 'url.https://long.example.org/.pushInsteadOf', 'https://git.example');
  const image = (dialect: 'apko' | 'kiln'): Promise<string> => vcsUrlOf('images/a.yaml', dialect);
  expect(await image('apko')).toBe(`https://long.example.org/example.org/a@${commit}`);
  git('config', '--add', 'url.https://long.example.org/.insteadOf', 'x:');
  expect(await image('apko')).toBe(`https://short.example.org/git.example.org/a@${commit}`);
  expect(await image('kiln')).toBe(`https://git.example.org/a@${commit}`);
  git('config', '--remove-section', 'url.https://short.example.org/');
  expect(await image('apko')).toBe(`https://git.example.org/a@${commit}`);
});

test('to apko a base that only says where to push has what begins with nothing', async () => {
  git('config', 'url.p:.pushInsteadOf', 'https://');
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe(`p:https://git.example.org/a@${commit}`);
  expect(await vcsUrlOf('images/a.yaml', 'kiln')).toBe(`https://git.example.org/a@${commit}`);
  git('config', '--remove-section', 'url.p:');
});

test('to apko variables of git say nothing, nor does what the settings include', async () => {
  vi.stubEnv('GIT_DIR', '/nothing/here');
  expect(await vcsUrlOf('images/a.yaml', 'kiln')).toBe('');
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe(`https://git.example.org/a@${commit}`);
  vi.unstubAllEnvs();
  fs.writeFileSync('instead', '[remote "origin"]\n\turl = https://git.example.org/a');
  git('config', '--unset-all', 'remote.origin.url');
  expect(await vcsUrlOf('images/a.yaml', 'kiln')).toBe(`https://git.example.org/a@${commit}`);
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe('');
  git('config', 'remote.origin.url', 'https://git.example.org/a');
});

test.skipIf(process.getuid?.() !== 0)("apko takes a checkout that is another user's", async () => {
  fs.chownSync(root, 1234, 1234);
  expect(await vcsUrlOf('images/a.yaml', 'kiln')).toBe('');
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe(`https://git.example.org/a@${commit}`);
  fs.chownSync(root, 0, 0);
});

test('apko takes no checkout with an extension that does something', async () => {
  git('config', 'extensions.noop', '1');
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe(`https://git.example.org/a@${commit}`);
  git('config', 'extensions.partialClone', 'origin');
  expect(await vcsUrlOf('images/a.yaml', 'apko')).toBe('');
  expect(await vcsUrlOf('images/a.yaml', 'kiln')).toBe(`https://git.example.org/a@${commit}`);
  git('config', '--remove-section', 'extensions');
});

test('apko looks no further up than where it is called, and for no file that is elsewhere', async () => {
  process.chdir('images');
  expect(await vcsUrlOf('a.yaml', 'apko')).toBe('');
  expect(await vcsUrlOf('a.yaml', 'kiln')).toContain(commit);
  fs.mkdirSync('../images-of-others', { recursive: true });
  fs.writeFileSync('../images-of-others/a.yaml', '');
  expect(await vcsUrlOf('../images-of-others/a.yaml', 'apko')).toBe('');
  process.chdir(root);
  expect(await vcsUrlOf('a.yaml', 'apko')).toBe('');
});
