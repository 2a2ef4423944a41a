import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TreeEntry } from '@kiln/build';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readExtendedAttributes } from './extended-attributes.ts';
import type { FsWorkspace } from './workspace.ts';
import { FsWorkspaces } from './workspace.ts';

let directory: string;
let workspaces: FsWorkspaces;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-workspace-'));
  workspaces = await FsWorkspaces.open({ directory: join(directory, 'all') });
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function after(script: string): Promise<FsWorkspace> {
  const workspace = (await workspaces.create('test')) as FsWorkspace;
  await workspace.makeDirectory('melange-out/one');
  const cwd = join(workspace.hostPath, 'melange-out/one');
  await promisify(execFile)('bash', ['-c', script], { cwd });
  return workspace;
}

async function gather<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

async function treeOf(workspace: FsWorkspace): Promise<TreeEntry[]> {
  return gather(workspace.readTree('one'));
}

test("a tree is read depth first and bytewise with kinds, modes and the guest's ids", async () => {
  const workspace = await after(
    'umask 022; mkdir -p a/x; echo 1 > a/x/f; echo 2 > a-b; chmod 4755 a-b; ln a-b a/y; ln -s /etc/passwd l; mkfifo p',
  );
  const entries = await treeOf(workspace);
  expect(entries.map((e) => `${e.kind} ${e.path} ${e.mode.toString(8)} ${e.uid}:${e.gid}`)).toEqual(
    [
      'directory a 755 1000:1000',
      'directory a/x 755 1000:1000',
      'file a/x/f 644 1000:1000',
      'file a/y 4755 1000:1000',
      'hardlink a-b 4755 1000:1000',
      'symlink l 777 1000:1000',
      'special p 644 1000:1000',
    ],
  );
  expect(entries[4]).toMatchObject({
    target: 'a/y',
    sha1: '7448d8798a4380162d4b56f9b452e2f6f9e24e7a',
  });
  const file = entries[2];
  if (file?.kind !== 'file') throw new Error('not a file');
  expect(Buffer.concat(await gather(file.open())).toString()).toBe('1\n');
  expect(Buffer.from(await file.range(1, 99)).toString()).toBe('\n');
});

test('every name of a file has its extended attributes, and nothing else has', async () => {
  const long = 'n'.repeat(120);
  const workspace = await after(
    `mkdir b; echo 1 > b/${long}; ln b/${long} a; ln a b/c; ln a c; touch d
    python3 -c "import os; os.setxattr('a', 'user.note', b'1')"`,
  );
  const found = await readExtendedAttributes(join(workspace.hostPath, 'melange-out/one'));
  const noted = [...found].filter(([, attributes]) => attributes.has('user.note'));
  expect(noted.map(([path]) => path).sort()).toEqual(['a', 'b/c', `b/${long}`, 'c']);
});

test('a file is read to its end in memory of its size, also when it has grown', async () => {
  const workspace = await after('echo content > f');
  const [entry] = await treeOf(workspace);
  if (entry?.kind !== 'file') throw new Error('assertion failed: not a file');
  const [chunk] = await gather(entry.open());
  expect(chunk?.length).toBe(8);
  // Small memory comes from a pool.
  expect(chunk?.buffer.byteLength).toBeLessThan(256 * 1024);
  await appendFile(join(workspace.hostPath, 'melange-out/one/f'), 'more\n');
  expect(Buffer.concat(await gather(entry.open())).toString()).toBe('content\nmore\n');
});

test('nothing is read through a link in the place of a tree', async () => {
  const workspace = await after('cd ..; rmdir one; ln -s / one');
  await expect(treeOf(workspace)).rejects.toMatchObject({ code: 'WORKSPACE_TREE_INVALID' });
});

test('a name that is not UTF-8 is refused', async () => {
  const workspace = await after("touch $'\\xff'");
  await expect(treeOf(workspace)).rejects.toMatchObject({ code: 'WORKSPACE_TREE_INVALID' });
});

test('a tree that does not exist has no entries', async () => {
  const workspace = await after('true');
  expect(await gather(workspace.readTree('other'))).toEqual([]);
});

test('files are written with their mode, never over one that exists and never through a link', async () => {
  const workspace = (await workspaces.create('write')) as FsWorkspace;
  const content = Buffer.from('text');
  await workspace.write({ path: 'd/f', mode: 0o755, content });
  expect(await readFile(join(workspace.hostPath, 'd/f'), 'utf8')).toBe('text');
  await expect(workspace.write({ path: 'd/f', mode: 0o644, content })).rejects.toMatchObject({
    code: 'WORKSPACE_PATH_TAKEN',
  });
  await symlink(directory, join(workspace.hostPath, 'out'));
  await expect(workspace.write({ path: 'out/f', mode: 0o644, content })).rejects.toMatchObject({
    code: 'WORKSPACE_PATH_TAKEN',
  });
  for (const path of ['../f', '/f', 'a//b', 'a/./b', '', 'a\0b']) {
    await expect(workspace.write({ path, mode: 0o644, content })).rejects.toMatchObject({
      code: 'WORKSPACE_PATH_INVALID',
    });
  }
});

test('removing follows no link, and opening removes what a crash left', async () => {
  const outside = join(directory, 'outside');
  await writeFile(outside, 'kept');
  const workspace = await after(`ln -s ${outside} l; mkdir d; touch d/f; chmod 0 d`);
  await workspace.remove();
  await after('true');
  await FsWorkspaces.open({ directory: join(directory, 'all') });
  expect(await readdir(join(directory, 'all'))).toEqual([]);
  expect(await readFile(outside, 'utf8')).toBe('kept');
});
