import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileEntry, hardlinkEntry, symlinkEntry, tarBytes, type TarEntry } from '@kiln/tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyPatch } from './patch.ts';
import { unpackArchive } from './unpack.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-unpack-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An archive in a folder of its own, two levels above which nothing may appear. */
async function unpack(name: string, entries: readonly TarEntry[]): Promise<string> {
  const work = join(folder, name.replaceAll(' ', '-'), 'inner', 'work');
  mkdirSync(work, { recursive: true });
  const file = join(work, '..', 'archive.tar');
  const content = Buffer.from('x');
  writeFileSync(
    file,
    tarBytes(
      entries.map((entry) => ({ entry, content: entry.sizeBytes > 0 ? content : Buffer.alloc(0) })),
    ),
  );
  await unpackArchive({ file, directory: work, stripComponents: 0 });
  return work;
}

/** A header as no honest writer makes it: the name is put in behind the writer's back. */
function named(entry: TarEntry, path: string): TarEntry {
  return { ...entry, pax: new Map([...entry.pax, ['path', Buffer.from(path)]]) };
}

test('an archive is unpacked, with its leading folders dropped as told', async () => {
  const work = await unpack('good', [fileEntry('a', 1), symlinkEntry('l', 'a')]);
  expect(readdirSync(work).sort()).toEqual(['a', 'l']);
});

test.each<readonly [string, readonly TarEntry[]]>([
  ['tar traversal', [named(fileEntry('x', 1), '../../evil')]],
  ['tar traversal by an absolute name', [named(fileEntry('x', 1), '/tmp/kiln-unpack-evil/evil')]],
  ['link escape', [symlinkEntry('d', '../..'), named(fileEntry('x', 1), 'd/evil')]],
  ['link escape by a hard link', [{ ...hardlinkEntry('h', 'x'), linkTarget: '../../secret' }]],
  [
    'absolute link',
    [symlinkEntry('d', '/tmp/kiln-unpack-evil'), named(fileEntry('x', 1), 'd/evil')],
  ],
])('%s writes nothing outside of the folder', async (name, entries) => {
  mkdirSync('/tmp/kiln-unpack-evil', { recursive: true });
  // Tar may leave a part out, or refuse the whole.
  const result = await unpack(name, entries).then(
    () => 'SOURCE_ARCHIVE_INVALID',
    (error: { readonly code?: string }) => error.code,
  );
  expect(result).toBe('SOURCE_ARCHIVE_INVALID');
  const above = join(folder, name.replaceAll(' ', '-'));
  expect(readdirSync(above)).toEqual(['inner']);
  expect(readdirSync(join(above, 'inner')).sort()).toEqual(['archive.tar', 'work']);
  expect(readdirSync('/tmp/kiln-unpack-evil')).toEqual([]);
  rmSync('/tmp/kiln-unpack-evil', { recursive: true });
});

test('what is no archive is refused with what tar says', async () => {
  const file = join(folder, 'text');
  writeFileSync(file, 'no archive\n'.repeat(100));
  await expect(
    unpackArchive({ file, directory: folder, stripComponents: 1 }),
  ).rejects.toMatchObject({
    code: 'SOURCE_ARCHIVE_INVALID',
    message: expect.stringContaining('tar') as string,
  });
});

test('a patch that names a file outside is not applied there', async () => {
  const work = join(folder, 'patched');
  mkdirSync(work);
  const outside = join(folder, 'outside');
  writeFileSync(outside, 'one\n');
  const text = '--- ../outside\n+++ ../outside\n@@ -1 +1 @@\n-one\n+two\n';
  const file = join(folder, 'outside.patch');
  writeFileSync(file, text);
  await expect(
    applyPatch({ name: 'p', file, directory: work, stripComponents: 0, fuzz: 0 }),
  ).rejects.toMatchObject({ code: 'SOURCE_PATCH_FAILED' });
  expect(execFileSync('cat', [outside], { encoding: 'utf8' })).toBe('one\n');
  expect(existsSync(join(work, 'outside'))).toBe(false);
});

test('a script of ed is no patch, and neither is what is no file', async () => {
  const work = join(folder, 'scripted');
  mkdirSync(work);
  writeFileSync(join(work, 'x'), 'one\n');
  const script = join(folder, 'script.patch');
  writeFileSync(script, '--- a/x\n+++ b/x\n1i\nhi\n.\nw\nq\n');
  const pipe = join(folder, 'pipe.patch');
  execFileSync('mkfifo', [pipe]);
  for (const file of [script, pipe])
    await expect(
      applyPatch({ name: 'p', file, directory: work, stripComponents: 1, fuzz: 0 }),
    ).rejects.toMatchObject({
      code: 'SOURCE_PATCH_FAILED',
      message: '"p" is neither a unified nor a context diff',
    });
  expect(execFileSync('cat', [join(work, 'x')], { encoding: 'utf8' })).toBe('one\n');
});

test('unified and context diffs are applied', async () => {
  const work = join(folder, 'applied');
  mkdirSync(work);
  writeFileSync(join(work, 'x'), 'one\n');
  const patches = [
    '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n',
    '*** a/x\n--- b/x\n***************\n*** 1 ****\n! two\n--- 1 ----\n! three\n',
  ];
  for (const text of patches) {
    const file = join(folder, 'good.patch');
    writeFileSync(file, text);
    await applyPatch({ name: 'p', file, directory: work, stripComponents: 1, fuzz: 0 });
  }
  expect(execFileSync('cat', [join(work, 'x')], { encoding: 'utf8' })).toBe('three\n');
});
