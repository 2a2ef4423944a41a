import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { kernel } from './kernel.ts';
import { file, link, tree } from '../testing.ts';

const noise = Buffer.alloc(3 * 1024 * 1024, 'noise ');

/** `HdrS` at 0x202, and a pointer to the version at 0x20e. */
function bootImage(version: string): Buffer {
  const image = Buffer.alloc(8192);
  image.write('MZ', 0);
  image.write('HdrS', 0x202);
  image.writeUInt16LE(0x1000, 0x20e);
  image.write(`${version} (ada@example) #1 SMP\0`, 0x1200);
  return image;
}

/** A PE file with two sections, the second one the kernel; two bytes each of its head are overwritten. */
function unified(image: Buffer, changes: Readonly<Record<number, number>> = {}): Buffer {
  const head = Buffer.alloc(1024);
  head.write('MZ', 0);
  head.writeUInt32LE(0x80, 0x3c);
  head.write('PE\0\0', 0x80);
  head.writeUInt16LE(0x8664, 0x84);
  head.writeUInt16LE(2, 0x86);
  // An optional header without directories.
  head.writeUInt16LE(112, 0x94);
  head.writeUInt16LE(0x20b, 0x98);
  const table = 0x98 + 112;
  head.write('.osrel', table);
  head.write('.linux', table + 40);
  head.writeUInt32LE(image.length, table + 56);
  head.writeUInt32LE(1024, table + 60);
  for (const [at, value] of Object.entries(changes)) head.writeUInt16LE(value, Number(at));
  return Buffer.concat([head, image]);
}

const banner = Buffer.concat([noise, Buffer.from('Linux version 6.1.2-arm (x@y)\n'), noise]);

test.each([
  ['an x86 boot image', bootImage('6.12.57-kiln')],
  ['one compressed with gzip', gzipSync(bootImage('6.12.57-kiln'))],
  ['one in a unified image', unified(bootImage('6.12.57-kiln'))],
])('%s has its version in its header', async (_what, image) => {
  const found = await kernel(tree('a', file('boot/vmlinuz', image)), 'kiln');
  expect(found.provides).toEqual(['linux:6.12.57-kiln']);
});

test.each([
  ['plain', banner],
  ['in a gzip member with something behind it', Buffer.concat([noise, gzipSync(banner), noise])],
  [
    'behind a gzip member that is none',
    Buffer.concat([noise, Buffer.from([0x1f, 0x8b, 8, 0xff]), banner]),
  ],
])('a banner is found %s', async (_what, image) => {
  const found = await kernel(tree('a', file('usr/lib/modules/6.1.2/vmlinuz', image)), 'kiln');
  expect(found.provides).toEqual(['linux:6.1.2-arm']);
});

test.each([
  ['of a machine that nobody knows', { 0x84: 1 }],
  ['whose symbols lie outside of it', { 0x8c: 1, 0x8e: 1 }],
  ['with another kind of optional header', { 0x98: 0x107 }],
  ['with fewer directories than it says', { 0x104: 1 }],
  ['with more sections than it has', { 0x86: 0x2000 }],
  ['whose relocations lie outside of it', { 0x122: 0xffff, 0x128: 9 }],
  ['with a long name that is nowhere', { 0x108: 0x312f }],
  ['whose kernel is cut short', { 0x142: 9 }],
] as const)('a unified image %s is searched as it is', async (_what, changes) => {
  const image = unified(bootImage('6.12.57-kiln'), changes);
  const plain = Buffer.concat([image, Buffer.from('Linux version 6.9.0\0')]);
  const found = await kernel(tree('a', file('boot/vmlinuz', plain)), 'kiln');
  expect(found.provides).toEqual(['linux:6.9.0']);
});

test('compressed content has to be sound as far as it is read', async () => {
  const versionIn = async (name: string, ...parts: readonly Buffer[]): Promise<unknown> => {
    const found = await kernel(tree('a', file(name, Buffer.concat(parts))), 'kiln');
    return [...(found.provides ?? []), ...(found.runtime ?? [])];
  };
  const line = Buffer.from('Linux version 6.1.0');
  const ended = Buffer.from('Linux version 6.1.0\0');
  const zeros = Buffer.alloc(8);
  expect(await versionIn('boot/a', zeros, gzipSync(line))).toEqual(['linux:6.1.0']);
  expect(await versionIn('boot/a', zeros, gzipSync(line), zeros)).toEqual([]);
  expect(await versionIn('boot/a', zeros, gzipSync(ended), zeros)).toEqual(['linux:6.1.0']);
  expect(await versionIn('boot/a', gzipSync(ended), zeros)).toEqual([]);
  const needs = Buffer.from('vermagic=6.1.0\0');
  expect(await versionIn('lib/modules/a.ko.gz', gzipSync(needs), zeros)).toEqual([]);
});

test('the format of a banner is no version, but it is what melange takes', async () => {
  const image = Buffer.from('Linux version %s (%s)\n\0Linux version 6.9.0\0');
  const one = tree('a', file('boot/vmlinux', image));
  expect((await kernel(one, 'kiln')).provides).toEqual(['linux:6.9.0']);
  expect((await kernel(one, 'melange')).provides).toEqual(['linux:']);
});

const module = Buffer.concat([noise, Buffer.from('\0vermagic=6.12.57-kiln SMP\0'), noise]);

/** Zeros around `vermagic=6.12.57-kiln SMP mod_unload`, by `xz --check=crc32 --lzma2=dict=4KiB`. */
const xzModule = Buffer.from(
  '/Td6WFoAAAFpIt42AgAhAQAAAAA3J5fW4B9yAFtdAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7N3+8GzDZLQTWBsDtHFUfi5v9vMHM3hbZDf/NFbKN7sBGTWxTW2gJfbwJRTiBGsULjUP7HMMoBp4nYGRaqLBIyuaoAAKwzSKUAAXPzPgAAAK0Og1E+MA2LAgAAAAABWVo=',
  'base64',
);

test.each([
  ['plain', module],
  ['gzip', gzipSync(module)],
  ['Zstandard', zstdCompressSync(module)],
  ['xz', xzModule],
])('a module (%s) needs the kernel that it is for', async (_what, content) => {
  const found = await kernel(tree('a', file('lib/modules/6/kernel/x.ko', content)), 'kiln');
  expect(found.runtime).toEqual(['linux:6.12.57-kiln']);
});

test('what is cut short says nothing, and nothing is looked at elsewhere', async () => {
  const cut = (bytes: Buffer): Buffer => bytes.subarray(0, 40);
  const found = await kernel(
    tree(
      'a',
      file('boot/a', cut(gzipSync(banner))),
      file('lib/modules/a.ko.gz', cut(gzipSync(module))),
      file('lib/modules/b.ko.zst', cut(zstdCompressSync(module))),
      file('lib/modules/b.ko.xz', cut(xzModule)),
      file('lib/modules/c.ko', 'vermagic='),
      file('srv/vmlinuz', bootImage('6.1')),
      file('usr/lib/firmware/x.ko', module),
      link('lib/modules/d.ko', '../../usr/lib/firmware/x.ko'),
    ),
    'kiln',
  );
  expect(found).toEqual({ runtime: [], provides: [] });
});

test('a module whose compression is none is searched as it is', async () => {
  const plain = (magic: readonly number[]): Buffer =>
    Buffer.concat([Buffer.from(magic), Buffer.from('............vermagic=6.1.0 \0')]);
  for (const magic of [
    [0x28, 0xb5, 0x2f, 0xfd],
    [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  ]) {
    const found = await kernel(tree('a', file('lib/modules/x.ko', plain(magic))), 'melange');
    expect(found.runtime).toEqual(['linux:6.1.0']);
  }
});

test('white space before a version is that of Unicode in UTF-8', async () => {
  const versionIn = async (before: Buffer): Promise<unknown> => {
    const content = Buffer.concat([Buffer.from('vermagic='), before, Buffer.from('6.4 SMP\0')]);
    return (await kernel(tree('a', file('lib/modules/x.ko', content)), 'melange')).runtime;
  };
  expect(await versionIn(Buffer.from(' \t\u00a0'))).toEqual(['linux:6.4']);
  expect(await versionIn(Buffer.from([0xa0]))).toEqual(['linux:']);
});

test('a module that prints a banner is no kernel', async () => {
  const content = Buffer.from('needs Linux version 7 or later\0vermagic=6.1.0 \0');
  const one = tree('a', file('lib/modules/6/x.ko', content));
  expect(await kernel(one, 'kiln')).toMatchObject({ provides: [], runtime: ['linux:6.1.0'] });
  expect(await kernel(one, 'melange')).toMatchObject({ provides: ['linux:7'] });
});
