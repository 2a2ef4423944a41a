import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { collect, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { describe, expect, test, vi } from 'vitest';
import {
  RunBuffers,
  assemble,
  gzipLayers,
  imageLayers,
  layerArchive,
  layerPlan,
  storeLayer,
  zstdLayers,
} from './index.ts';
import type {
  ImageLayer,
  LayerCompression,
  LayerSegment,
  PackageContents,
  SegmentMaker,
  StoredLayer,
  StoredPart,
} from './index.ts';
import { sumHere } from './content-sum.ts';
import { directory, file, fixturePackage } from './package-fixture.ts';

/** Longer than a piece, neither constant nor random. */
const large = Array.from({ length: 300_000 }, (_, i) => `${(i * i) % 9973}\n`).join('');

function packageOf(read: string[], info = { dataHash: 'a'.repeat(64) }) {
  const members = [
    directory('opt'),
    file('opt/empty', ''),
    file('opt/large', large),
    file('opt/limit', 'x'.repeat(16 * 1024)),
    file('opt/small', 'small'),
  ];
  return fixturePackage('big', members, { info, onRead: (path) => read.push(path) });
}

function layerOf(read: string[], info?: { dataHash: string }): Promise<ImageLayer> {
  return layerOfPackage(packageOf(read, info));
}

async function layerOfPackage(one: PackageContents): Promise<ImageLayer> {
  const assembled = await assemble({
    config: parseImageConfig('{}', 'image.yaml'),
    arch: 'amd64',
    packages: [one],
    keyring: [],
    sourceDateEpochSeconds: 1000,
  });
  const [layer] = await imageLayers(assembled);
  if (layer === undefined) throw new Error('no layer');
  return layer;
}

class MemoryBlobs {
  readonly all = new Map<Digest, Uint8Array>();

  async put(source: AsyncIterable<Uint8Array>) {
    const bytes = await collect(source, 2 ** 26, () => new Error('long'));
    this.all.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), sizeBytes: bytes.length };
  }
}

function memorySegments() {
  const kept = new Map<string, LayerSegment>();
  const segments = {
    get: (key: string) => Promise.resolve(kept.get(key)),
    put: (key: string, segment: LayerSegment) => Promise.resolve(void kept.set(key, segment)),
  };
  return { kept, segments };
}

/** The compression, and the sizes of what it compressed. */
function counting(own: LayerCompression) {
  const made: number[] = [];
  const segment = (content: Uint8Array) => (made.push(content.length), own.segment(content));
  return { made, compression: { ...own, segment } };
}

async function* copies(source: AsyncIterable<Uint8Array>) {
  for await (const chunk of source) yield Uint8Array.from(chunk);
}

const archiveOf = ({ entries }: ImageLayer): Promise<Uint8Array> =>
  collect(layerArchive(entries), 2 ** 26, () => new Error('long'));

describe('storing a layer', () => {
  test.each([
    [gzipLayers, gunzipSync],
    [zstdLayers, zstdDecompressSync],
  ])('$name unpacks to the archive', async (compression, decompress) => {
    const layer = await layerOf([]);
    const blobs = new MemoryBlobs();
    const { descriptor, diffId } = await storeLayer(layer, { blobs, compression });
    const bytes = blobs.all.get(descriptor.digest) ?? new Uint8Array(0);
    const archive = await archiveOf(layer);
    expect(Buffer.compare(decompress(bytes), archive)).toBe(0);
    expect(diffId).toBe(digestOf(archive));
    expect(descriptor).toMatchObject({ mediaType: compression.mediaType, sizeBytes: bytes.length });
    expect(await storeLayer(layer, { blobs, compression })).toEqual({ descriptor, diffId });
  });

  test('keeps a content until it is hashed elsewhere, and says what went wrong there', async () => {
    const layer = await layerOf([]);
    const expected = await storeLayer(layer, { blobs: new MemoryBlobs(), compression: gzipLayers });
    const later = async (sizeBytes: number) => {
      expect(sizeBytes).toBeGreaterThan(large.length);
      const sum = sumHere();
      const update = async (content: Uint8Array): Promise<void> => {
        await new Promise((done) => setTimeout(done, 5));
        await sum.update(content);
      };
      return { ...sum, update };
    };
    const buffers = new RunBuffers();
    const give = vi.spyOn(buffers, 'give').mockImplementation((buffer) => void buffer.fill(0));
    const options = { blobs: new MemoryBlobs(), compression: gzipLayers, buffers };
    expect(await storeLayer(layer, { ...options, sums: { sum: later } })).toEqual(expected);
    expect(give).toHaveBeenCalled();
    const ended = new Error('ended');
    const failing = { ...sumHere(), update: () => Promise.reject(ended) };
    const sums = { sum: () => Promise.resolve(failing) };
    await expect(storeLayer(layer, { ...options, sums })).rejects.toBe(ended);
  });

  test('takes what packages have in gzip, unless it is of another content, and nothing of it for zstd', async () => {
    const plain = await layerOf([]);
    let asked = 0;
    const contents = packageOf([]);
    const read = async (index: number): Promise<Uint8Array> =>
      collect(contents.read(index), 2 ** 26, () => new Error('long'));
    const [bytes, limit] = [await read(2), await read(3)];
    const partOf = async (content: Uint8Array, crcOf: number): Promise<StoredPart> => {
      const made = await gzipLayers.segment(content);
      return {
        path: 'nowhere',
        offset: 0,
        sizeBytes: content.length,
        crc: made.crc,
        segment: undefined,
        read: (into) => Promise.resolve(into.set(content)),
        readSegment: () => {
          asked += 1;
          return content === limit ? undefined : { ...made, crc: made.crc ^ crcOf };
        },
        damaged: () => Promise.reject(new Error('never')),
      };
    };
    // One has no such segment, and one has that of another content.
    const parts = [
      [await partOf(bytes.subarray(0, 2 ** 20), 0), await partOf(bytes.subarray(2 ** 20), 1)],
      [await partOf(limit, 0)],
    ];
    const packaged = { ...contents, parts: (index: number) => parts[index - 2] };
    const assembled = await assemble({
      config: parseImageConfig('{}', 'image.yaml'),
      arch: 'amd64',
      packages: [packaged],
      keyring: [],
      sourceDateEpochSeconds: 1000,
    });
    const [layer = plain] = await imageLayers(assembled);
    const { compression, made } = counting(gzipLayers);
    const blobs = new MemoryBlobs();
    const expected = await storeLayer(plain, { blobs, compression: gzipLayers });
    expect(await storeLayer(layer, { blobs, compression })).toEqual(expected);
    expect(asked).toBe(3);
    expect(made.filter((size) => size === 2 ** 20)).toEqual([]);
    expect(made).toContain(16 * 1024);
    expect(made).toContain(large.length - 2 ** 20);
    await storeLayer(layer, { blobs, compression: zstdLayers });
    expect(asked).toBe(3);
  });

  test.each([
    ['gzip', gzipLayers],
    ['zstd', zstdLayers],
  ])('segments of a cache give the same bytes, and a wrong one is not used: %s', async (_, own) => {
    const layer = await layerOf([]);
    const { kept, segments } = memorySegments();
    const { compression, made: sizes } = counting(own);
    const options = { blobs: new MemoryBlobs(), compression, segments };
    const first = await storeLayer(layer, options);
    const madeFirst = sizes.length;
    expect(kept.size).toBe(2);
    expect(await storeLayer(layer, options)).toEqual(first);
    expect(sizes.length - madeFirst).toBe(madeFirst - kept.size);
    for (const [key, segment] of kept) kept.set(key, { ...segment, sizeBytes: 1 });
    expect(await storeLayer(layer, options)).toEqual(first);
    for (const [key, { sizeBytes }] of kept)
      kept.set(key, await compression.segment(new Uint8Array(sizeBytes)));
    expect(await storeLayer(layer, options)).toEqual(first);
  });

  test('what was made for one compression is not found by another', async () => {
    const layer = await layerOf([]);
    const { segments } = memorySegments();
    const known = new Map<Digest, StoredLayer>();
    const ports = {
      blobs: new MemoryBlobs(),
      segments,
      known: {
        find: (plan: Digest) => Promise.resolve(known.get(plan)),
        keep: (plan: Digest, stored: StoredLayer) => Promise.resolve(void known.set(plan, stored)),
      },
    };
    const first = counting(gzipLayers);
    await storeLayer(layer, { ...ports, compression: first.compression });
    const second = counting(zstdLayers);
    const { descriptor } = await storeLayer(layer, { ...ports, compression: second.compression });
    expect(second.made).toEqual(first.made);
    expect(descriptor.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+zstd');
    expect(known.size).toBe(2);
  });

  test('a maker gives the same bytes, each segment free again once it is written', async () => {
    const layer = await layerOf([]);
    const kept: (string | undefined)[] = [];
    let held = 0;
    let heldMost = 0;
    const maker: SegmentMaker = {
      make: async ({ content, pieces }, compression) => {
        heldMost = Math.max(heldMost, (held += 1));
        const segments = await Promise.all(
          pieces.map(async ({ start, end, source }) => {
            kept.push(source);
            const { bytes, ...facts } = await compression.segment(content.subarray(start, end));
            return { ...facts, bytes: Uint8Array.from(bytes) };
          }),
        );
        // Overwritten when it is free, as memory that is used again would be.
        const release = (): void => {
          held -= 1;
          for (const { bytes } of segments) bytes.fill(0);
        };
        return { segments, release };
      },
    };
    const blobs = new MemoryBlobs();
    const copying = {
      put: (source: AsyncIterable<Uint8Array>) => blobs.put(copies(source)),
    };
    const made = await storeLayer(layer, { blobs: copying, compression: gzipLayers, maker });
    expect(made).toEqual(await storeLayer(layer, { blobs, compression: gzipLayers }));
    expect(held).toBe(0);
    expect(heldMost).toBeLessThan(6);
    expect(kept).toContain(`${'a'.repeat(64)}/2/0`);
    expect(kept).toContain(undefined);
  });

  test('a known layer costs no byte', async () => {
    const known = new Map<Digest, StoredLayer>();
    const options = {
      blobs: new MemoryBlobs(),
      compression: gzipLayers,
      known: {
        find: (plan: Digest) => Promise.resolve(known.get(plan)),
        keep: (plan: Digest, layer: StoredLayer) => Promise.resolve(void known.set(plan, layer)),
      },
    };
    const first = await storeLayer(await layerOf([]), options);
    const read: string[] = [];
    expect(await storeLayer(await layerOf(read), options)).toEqual(first);
    expect(read).toEqual([]);
  });

  test('a plan names data, headers and compression', async () => {
    const layer = await layerOf([]);
    const plan = layerPlan(layer, 'gzip/4');
    expect(plan).toBe(layerPlan(await layerOf([]), 'gzip/4'));
    expect(layerPlan(await layerOf([], { dataHash: 'b'.repeat(64) }), 'gzip/4')).not.toBe(plan);
    expect(layerPlan(layer, 'zstd/3')).not.toBe(plan);
    const touched = layer.entries.map((one) => one.at(5));
    expect(layerPlan({ ...layer, entries: touched }, 'gzip/4')).not.toBe(plan);
    expect(layerPlan(await layerOf([], { dataHash: '' }), 'gzip/4')).toBeUndefined();
  });

  test('a content that is not as long as its header says is refused', async () => {
    for (const bytes of [new Uint8Array(3), new Uint8Array(40_000)]) {
      const read = async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(bytes);
      };
      const stored = storeLayer(await layerOfPackage({ ...packageOf([]), read }), {
        blobs: new MemoryBlobs(),
        compression: gzipLayers,
      });
      await expect(stored).rejects.toMatchObject({ code: 'TAR_CONTENT_LENGTH' });
    }
  });

  test('whoever stops it hears why', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    const stored = storeLayer(await layerOf([]), {
      blobs: new MemoryBlobs(),
      compression: gzipLayers,
      signal,
    });
    await expect(stored).rejects.toThrow('stopped');
  });
});

test.each([gzipLayers, zstdLayers])(
  '$name gives the same bytes at once and by a pool',
  async (own) => {
    for (const size of [1, 5000, 70_000, 2 ** 20]) {
      const content = Buffer.from(large.repeat(2)).subarray(0, size);
      expect(own.segmentNow(content)).toEqual(await own.segment(content));
    }
  },
);
