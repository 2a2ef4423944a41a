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

/** A PE file with two sections, the second one the kernel. */
function unified(image: Buffer): Buffer {
  const head = Buffer.alloc(1024);
  head.write('MZ', 0);
  head.writeUInt32LE(0x80, 0x3c);
  head.write('PE\0\0', 0x80);
  head.writeUInt16LE(2, 0x86);
  head.writeUInt16LE(16, 0x94);
  const table = 0x80 + 24 + 16;
  head.write('.osrel', table);
  head.write('.linux', table + 40);
  head.writeUInt32LE(image.length, table + 56);
  head.writeUInt32LE(1024, table + 60);
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
