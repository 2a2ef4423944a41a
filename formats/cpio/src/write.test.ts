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
    writeCpio(from, (path) => left.push(path)),
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

test('leaves hard links out and says so', async () => {
  const left: string[] = [];
  await archive(members, left);
  expect(left).toEqual(['etc/again']);
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
