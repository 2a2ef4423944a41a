import { parseImageConfig } from '@kiln/image-config';
import type { TarMember } from '@kiln/tar';
import { describe, expect, test } from 'vitest';
import {
  assemble,
  gzipLayers,
  imageLayers,
  makePackageSegments,
  storeLayer,
  zstdLayers,
} from './index.ts';
import type { LayerCompression, LayerSegment, PackageData } from './index.ts';
import { directory, file, fixturePackage, hardlink } from './package-fixture.ts';

const dataHash = 'a'.repeat(64);
const large = Array.from({ length: 300_000 }, (_, i) => `${(i * i) % 9973}\n`).join('');
const members = [
  directory('opt'),
  file('opt/large', large),
  hardlink('opt/larger', 'opt/large'),
  file('opt/other', 'x'.repeat(400_000)),
  file('opt/limit', 'x'.repeat(16 * 1024)),
  file('opt/small', 'x'.repeat(16 * 1024 - 1)),
];

/** The members as they come out of an archive: in chunks of any size. */
const data: PackageData = {
  dataHash,
  members: {
    async *[Symbol.asyncIterator](): AsyncGenerator<TarMember> {
      for (const { entry, content = '' } of members)
        yield await Promise.resolve({ entry, content: chunks(Buffer.from(content)) });
    },
  },
};

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001)
    yield await Promise.resolve(bytes.subarray(at, at + 70_001));
}

class Segments {
  readonly kept = new Map<string, LayerSegment>();
  puts = 0;
  get(key: string): Promise<LayerSegment | undefined> {
    return Promise.resolve(this.kept.get(key));
  }
  put(key: string, segment: LayerSegment): Promise<void> {
    this.puts += 1;
    this.kept.set(key, segment);
    return Promise.resolve();
  }
}

async function layersWith(segments: Segments, compression: LayerCompression): Promise<void> {
  const assembled = await assemble({
    config: parseImageConfig('{}', 'image.yaml'),
    arch: 'amd64',
    packages: [fixturePackage('big', members, { info: { dataHash } })],
    keyring: [],
    sourceDateEpochSeconds: 1000,
  });
  const blobs = {
    async put(source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) void chunk;
      return { digest: `sha256:${'0'.repeat(64)}` as const, sizeBytes: 0 };
    },
  };
  for (const layer of await imageLayers(assembled))
    await storeLayer(layer, { blobs, compression, segments });
}

describe.each([gzipLayers, zstdLayers])('segments made ahead: $name', (compression) => {
  test('are all that layers take of the files, and the same', async () => {
    const [ahead, lazy] = [new Segments(), new Segments()];
    await layersWith(lazy, compression);
    const sizeBytes = large.length + 400_000 + 16 * 1024;
    expect(await makePackageSegments(data, { compression, segments: ahead })).toBe(sizeBytes);
    expect(ahead.kept).toEqual(lazy.kept);
    expect(ahead.puts).toBe(Math.ceil(large.length / 2 ** 20) + 1);
    await layersWith(ahead, compression);
    await makePackageSegments(data, { compression, segments: ahead });
    expect(ahead.puts).toBe(lazy.puts);
  });

  test('end at a limit, and are none where a package does not say the digest of its data', async () => {
    const segments = new Segments();
    const options = { compression, segments };
    expect(await makePackageSegments({ ...data, dataHash: '' }, options)).toBe(0);
    expect(await makePackageSegments(data, { ...options, bytesMax: 2 ** 20 })).toBe(2 ** 20);
    expect(segments.puts).toBe(1);
  });
});
