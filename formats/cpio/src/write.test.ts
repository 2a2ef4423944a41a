import { collect } from '@kiln/base';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from '@kiln/tar';
import type { TarMember } from '@kiln/tar';
import { expect, test } from 'vitest';
import { writeCpio } from './index.ts';

const content = Buffer.from('hello\n');
const members: TarMember[] = [
  { entry: directoryEntry('etc'), content: new Uint8Array(0) },
  { entry: fileEntry('etc/motd', content.length, { mode: 0o640 }), content },
  { entry: symlinkEntry('etc/link', 'motd'), content: new Uint8Array(0) },
  { entry: hardlinkEntry('etc/again', 'etc/motd'), content: new Uint8Array(0) },
];

const archive = (from: readonly TarMember[], left: string[] = []): Promise<Buffer> =>
  collect(
    writeCpio(from, { kind: 'plain', onLeftOut: (path) => void left.push(path) }),
    2 ** 20,
    () => new Error('too long'),
  ).then((bytes) => Buffer.from(bytes));

test('has magic, names and contents at multiples of four, and a trailer', async () => {
  const bytes = await archive(members);
  expect(bytes.length % 4).toBe(0);
  expect(bytes.toString('latin1')).toContain('070701');
  expect(bytes.toString('latin1')).toContain('TRAILER!!!');
  expect(bytes.toString('latin1')).toContain('hello\n');
});

test("apko's form begins with the root, unless there is nothing in it", async () => {
  expect([...headersOf(await archive(members)).keys()].slice(0, 2)).toEqual(['.', 'etc']);
  expect([...headersOf(await archive([])).keys()]).toEqual(['TRAILER!!!']);
});

test('leaves hard links out and says so', async () => {
  const left: string[] = [];
  await archive(members, left);
  expect(left).toEqual(['etc/again']);
});

/** The fields of each header by the name behind it. */
function headersOf(bytes: Buffer): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (let at = 0; at < bytes.length;) {
    const text = bytes.subarray(at, at + 110).toString('latin1');
    expect(text.slice(0, 6)).toBe('070701');
    const fields = (text.slice(6).match(/.{8}/g) ?? []).map((field) => Number.parseInt(field, 16));
    const [size = 0, length = 0] = [fields[6], fields[11]];
    const name = bytes.subarray(at + 110, at + 110 + length - 1).toString();
    found.set(name, fields);
    at += Math.ceil((110 + length) / 4) * 4 + Math.ceil(size / 4) * 4;
  }
  return found;
}

test('the whole form has owners, times and every name of a file', async () => {
  const from: TarMember[] = [
    {
      entry: fileEntry('a', content.length, { uid: 7, gid: 8, mtimeSeconds: 1_700_000_000 }),
      content,
    },
    { entry: hardlinkEntry('b', 'a'), content: new Uint8Array(0) },
    { entry: symlinkEntry('l', 'a'), content: new Uint8Array(0) },
    { entry: hardlinkEntry('m', 'l'), content: new Uint8Array(0) },
  ];
  const names = new Map([
    ['a', 2],
    ['l', 2],
  ]);
  const bytes = Buffer.from(
    await collect(writeCpio(from, { kind: 'whole', names }), 2 ** 20, () => new Error('too long')),
  );
  const headers = headersOf(bytes);
  // Inode, mode, owner, group, links, time, size.
  expect(headers.get('a')?.slice(0, 7)).toEqual([1, 0o100644, 7, 8, 2, 1_700_000_000, 6]);
  expect(headers.get('b')?.slice(0, 7)).toEqual([1, 0o100644, 7, 8, 2, 1_700_000_000, 0]);
  expect(headers.get('l')?.slice(0, 2)).toEqual([2, 0o120777]);
  expect(headers.get('m')?.slice(0, 2)).toEqual([3, 0o120777]);
  expect(bytes.toString('latin1').match(/hello/g)).toHaveLength(1);
});

test('content of another length is an error', async () => {
  const wrong = [{ entry: fileEntry('a', 3), content: Buffer.from('four') }];
  await expect(archive(wrong)).rejects.toMatchObject({ code: 'CPIO_CONTENT_LENGTH' });
  const large = [{ entry: fileEntry('a', 2 ** 32), content: new Uint8Array(0) }];
  await expect(archive(large)).rejects.toMatchObject({ code: 'CPIO_TOO_LARGE' });
});

test('equal members give equal bytes', async () => {
  expect(await archive(members)).toEqual(await archive(members));
});
