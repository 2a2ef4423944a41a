import { KilnError } from '@kiln/base';
import { fileEntry, symlinkEntry, hardlinkEntry, directoryEntry, type TarMember } from '@kiln/tar';
import { expect, test } from 'vitest';
import { keepInMemory, treeOfPackage } from './package-tree.ts';
import type { ApkPackage } from '@kiln/apk';

const options = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  userName: 'root',
  groupName: 'root',
  mtimeSeconds: 0,
};

async function* members(): AsyncGenerator<TarMember> {
  const nothing = new Uint8Array(0);
  const pax = new Map([['SCHILY.xattr.user.note', Buffer.from('x')]]);
  yield { entry: directoryEntry('usr', { ...options, pax: new Map() }), content: nothing };
  yield { entry: fileEntry('usr/a', 5, { ...options, pax }), content: Buffer.from('hello') };
  yield {
    entry: hardlinkEntry('usr/b', 'usr/a', { ...options, pax: new Map() }),
    content: nothing,
  };
  yield { entry: symlinkEntry('usr/c', 'a', { ...options, pax: new Map() }), content: nothing };
}

const apk = (): Pick<ApkPackage, 'info' | 'data'> => ({
  info: { name: 'one' } as ApkPackage['info'],
  data: members(),
});

test('a finished package is the tree it was made of', async () => {
  const tree = await treeOfPackage(apk());
  expect(tree.packageName).toBe('one');
  expect(tree.entries.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    'directory usr',
    'file usr/a',
    'hardlink usr/b',
    'symlink usr/c',
  ]);
  const file = tree.byPath.get('usr/a');
  if (file?.kind !== 'file') throw new Error('no file');
  expect(Buffer.from(await file.range(1, 99)).toString()).toBe('ello');
  expect(file.sha1).toBe('aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d');
  expect(file.xattrs.get('user.note')).toEqual(Buffer.from('x'));
});

test('its entries stand in the order of a tree, whatever the order of the archive', async () => {
  const nothing = new Uint8Array(0);
  const data = (async function* (): AsyncGenerator<TarMember> {
    for (const path of ['usr/b', 'usr-x', 'usr/a/z', 'usr/a-b'])
      yield { entry: fileEntry(path, 0, { ...options, pax: new Map() }), content: nothing };
  })();
  const { entries } = await treeOfPackage({ ...apk(), data });
  expect(entries.map(({ path }) => path)).toEqual(['usr/a/z', 'usr/a-b', 'usr/b', 'usr-x']);
});

test('what does not fit into memory is refused', async () => {
  await expect(treeOfPackage(apk(), keepInMemory(4))).rejects.toThrow(KilnError);
  await expect(treeOfPackage(apk(), keepInMemory(4))).rejects.toMatchObject({
    code: 'BUILD_PACKAGE_TOO_LARGE',
  });
});
