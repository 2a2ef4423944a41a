import { zstdCompressSync } from 'node:zlib';
import { digestOf } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { mediaTypes } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import { directoryEntry, symlinkEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { expect, test } from 'vitest';
import { readImageContents } from './contents.ts';
import { ImageFixture, fileMember } from './image-fixture.ts';
import { layerArchives } from './pull.ts';

const fixture = new ImageFixture();
const put = fixture.put.bind(fixture);
const image = fixture.image.bind(fixture);
const bare = (entry: TarEntry): { entry: TarEntry; content: Uint8Array } => ({
  entry,
  content: new Uint8Array(0),
});

const lower = tarBytes([
  bare(directoryEntry('etc')),
  fileMember('etc/kept', 'kept'),
  fileMember('etc/gone', 'gone'),
  bare(directoryEntry('old')),
  fileMember('old/a', 'a'),
  fileMember('old/b', 'b'),
  bare(directoryEntry('emptied')),
  fileMember('emptied/a', 'a'),
]);
const upper = tarBytes([
  fileMember('etc/.wh.gone', ''),
  fileMember('.wh.old', ''),
  fileMember('emptied/.wh..wh..opq', ''),
  fileMember('emptied/new', 'new'),
  bare(symlinkEntry('lib', 'usr/lib')),
  fileMember('etc/apk/world', 'tool\n'),
  fileMember('usr/lib/apk/db/installed', 'P:tool\nV:1-r0\nF:bin\nR:tool\n\n'),
]);

test('layers of every compression go over each other, and whiteouts take away', async () => {
  const layers = [
    put(gzipBytes(lower), mediaTypes.layerGzip),
    put(zstdCompressSync(upper), mediaTypes.layerZstd),
    // Its last block is not finished, as umoci leaves it.
    put(tarBytes([fileMember('etc/kept', 'changed')]).subarray(0, 519), mediaTypes.layer),
  ];
  const source = image(layers, { entrypoint: ['/bin/tool'] });
  const { packages, world, files, config } = await readImageContents(source, 'amd64');
  expect([...files.keys()].sort()).toEqual([
    'emptied',
    'emptied/new',
    'etc',
    'etc/apk/world',
    'etc/kept',
    'lib',
    'usr/lib/apk/db/installed',
  ]);
  expect(files.get('etc/kept')?.content).toBe(digestOf('changed').slice('sha256:'.length));
  expect(files.get('lib')).toMatchObject({ type: 'symlink', content: 'usr/lib' });
  expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['tool 1-r0']);
  expect(world).toBe('tool\n');
  expect(config.config.entrypoint).toEqual(['/bin/tool']);
});

test('many whiteouts of many files take no time to speak of', async () => {
  const names = Array.from({ length: 40_000 }, (_, at) => `f${at}`);
  const source = image([
    put(gzipBytes(tarBytes(names.map((name) => fileMember(name, '')))), mediaTypes.layerGzip),
    put(
      gzipBytes(tarBytes(names.map((name) => fileMember(`.wh.${name}`, '')))),
      mediaTypes.layerGzip,
    ),
  ]);
  expect((await readImageContents(source, 'amd64')).files.size).toBe(0);
});

test('a layer that is not what its digest says is refused', async () => {
  const layer = put(gzipBytes(lower), mediaTypes.layerGzip);
  fixture.blobs.set(layer.digest, gzipBytes(upper));
  await expect(readImageContents(image([layer]), 'amd64')).rejects.toMatchObject({
    code: 'IMAGE_CONTENT',
  });
  fixture.blobs.delete(layer.digest);
  await expect(readImageContents(image([layer]), 'amd64')).rejects.toMatchObject({
    code: 'IMAGE_CONTENT',
  });
});

async function drainAll(layers: readonly Descriptor[], bytesMax: number): Promise<void> {
  for (const archive of layerArchives(image(layers), layers, bytesMax))
    for await (const chunk of archive) void chunk;
}

test.each([
  ['gzip', mediaTypes.layerGzip, gzipBytes],
  ['zstd', mediaTypes.layerZstd, zstdCompressSync],
])(
  'a layer of %s that unpacks to more than it may is refused, and so is a broken one',
  async (_, type, compress) => {
    const bomb = put(compress(new Uint8Array(2 ** 20)), type);
    const drain = (layer: Descriptor): Promise<void> => drainAll([layer], 2 ** 16);
    await expect(drain(bomb)).rejects.toMatchObject({
      code: 'IMAGE_CONTENT',
      message: expect.stringContaining('65536'),
    });
    const packed = compress(lower);
    for (const bytes of [packed.subarray(0, packed.length - 3), Buffer.from('none of these')])
      await expect(drain(put(bytes, type))).rejects.toMatchObject({ code: 'IMAGE_CONTENT' });
  },
);

test('one layer that is named again and again counts each time', async () => {
  const refused = {
    code: 'IMAGE_CONTENT',
    message: expect.stringContaining('more than') as string,
  };
  const zeros = put(gzipBytes(new Uint8Array(2 ** 16)), mediaTypes.layerGzip);
  const times = (layer: Descriptor, count: number): Descriptor[] =>
    Array.from({ length: count }, () => layer);
  await drainAll(times(zeros, 3), 3 * 2 ** 16);
  await expect(drainAll(times(zeros, 3), 3 * 2 ** 16 - 1)).rejects.toMatchObject(refused);
  // Much that unpacks to nothing is too much as well.
  const nothing = put(
    Buffer.concat(times(zeros, 100).map(() => gzipBytes(Buffer.of()))),
    mediaTypes.layerGzip,
  );
  const { sizeBytes } = nothing;
  await drainAll(times(nothing, 3), 3 * sizeBytes);
  await expect(drainAll(times(nothing, 3), 3 * sizeBytes - 1)).rejects.toMatchObject(refused);
  await expect(readImageContents(image(times(nothing, 501)), 'amd64')).rejects.toMatchObject(
    refused,
  );
});
