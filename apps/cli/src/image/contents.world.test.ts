import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { zstdCompressSync } from 'node:zlib';
import { digestOf } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { descriptorOf, mediaTypes, parseReference, printConfig, printManifest } from '@kiln/oci';
import type { Descriptor } from '@kiln/oci';
import { directoryEntry, fileEntry, symlinkEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readImageContents } from './contents.ts';
import { RegistryImage } from './named.ts';
import { layerArchives } from './pull.ts';

const blobs = new Map<string, Uint8Array>();
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    const name =
      decodeURIComponent(request.url ?? '')
        .split('/')
        .at(-1) ?? '';
    const bytes = blobs.get(name);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => server.close());

function put(bytes: Uint8Array, mediaType: string): Descriptor {
  const descriptor = descriptorOf(mediaType, bytes);
  blobs.set(descriptor.digest, bytes);
  return descriptor;
}

const member = (path: string, text: string): { entry: TarEntry; content: Uint8Array } => ({
  entry: fileEntry(path, Buffer.byteLength(text)),
  content: Buffer.from(text),
});
const bare = (entry: TarEntry): { entry: TarEntry; content: Uint8Array } => ({
  entry,
  content: new Uint8Array(0),
});

/** An image of these layers under the tag `latest`; returns the source to read it from. */
function image(layers: readonly Descriptor[]): RegistryImage {
  const config = put(
    printConfig({
      architecture: 'amd64',
      os: 'linux',
      diffIds: layers.map(({ digest }) => digest),
      config: { entrypoint: ['/bin/tool'] },
    }),
    mediaTypes.config,
  );
  const manifest = printManifest({ mediaType: mediaTypes.manifest, config, layers });
  blobs.set('latest', manifest);
  blobs.set(digestOf(manifest), manifest);
  const { port } = server.address() as AddressInfo;
  return new RegistryImage(parseReference(`127.0.0.1:${port}/image:latest`));
}

const lower = tarBytes([
  bare(directoryEntry('etc')),
  member('etc/kept', 'kept'),
  member('etc/gone', 'gone'),
  bare(directoryEntry('old')),
  member('old/a', 'a'),
  member('old/b', 'b'),
  bare(directoryEntry('emptied')),
  member('emptied/a', 'a'),
]);
const upper = tarBytes([
  member('etc/.wh.gone', ''),
  member('.wh.old', ''),
  member('emptied/.wh..wh..opq', ''),
  member('emptied/new', 'new'),
  bare(symlinkEntry('lib', 'usr/lib')),
  member('etc/apk/world', 'tool\n'),
  member('usr/lib/apk/db/installed', 'P:tool\nV:1-r0\nF:bin\nR:tool\n\n'),
]);

test('layers of every compression go over each other, and whiteouts take away', async () => {
  const source = image([
    put(gzipBytes(lower), mediaTypes.layerGzip),
    put(zstdCompressSync(upper), mediaTypes.layerZstd),
    // Its last block is not finished, as umoci leaves it.
    put(tarBytes([member('etc/kept', 'changed')]).subarray(0, 519), mediaTypes.layer),
  ]);
  const { packages, world, files, config } = await readImageContents(source);
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
    put(gzipBytes(tarBytes(names.map((name) => member(name, '')))), mediaTypes.layerGzip),
    put(gzipBytes(tarBytes(names.map((name) => member(`.wh.${name}`, '')))), mediaTypes.layerGzip),
  ]);
  expect((await readImageContents(source)).files.size).toBe(0);
});

test('a layer that is not what its digest says is refused', async () => {
  const layer = put(gzipBytes(lower), mediaTypes.layerGzip);
  blobs.set(layer.digest, gzipBytes(upper));
  await expect(readImageContents(image([layer]))).rejects.toMatchObject({ code: 'IMAGE_CONTENT' });
  blobs.delete(layer.digest);
  await expect(readImageContents(image([layer]))).rejects.toMatchObject({ code: 'IMAGE_CONTENT' });
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
  await expect(readImageContents(image(times(nothing, 501)))).rejects.toMatchObject(refused);
});
