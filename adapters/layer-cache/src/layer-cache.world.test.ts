import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, hexOf, sealText } from '@kiln/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LayerFiles, SegmentFiles, forgetUnused } from './index.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-layers-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

const segment = { bytes: Buffer.from('compressed'), sizeBytes: 700, crc: 0xfedcba98 };

describe('segments on disk', () => {
  it('come back as they were, from another process too', async () => {
    await new SegmentFiles({ directory }).put('gzip a/1', segment);
    const segments = new SegmentFiles({ directory });
    expect(await segments.get('gzip a/1')).toEqual(segment);
    expect(await segments.get('gzip a/2')).toBeUndefined();
  });

  it('count as absent when they are damaged or cut short', async () => {
    const segments = new SegmentFiles({ directory });
    await segments.put('key', segment);
    const [file = ''] = await filesBelow(directory);
    const bytes = await readFile(file);
    for (const damaged of [bytes.subarray(0, 15), bytes.subarray(0, 3), Buffer.alloc(0)]) {
      await writeFile(file, damaged);
      expect(await segments.get('key')).toBeUndefined();
    }
    await segments.put('key', segment);
    expect(await segments.get('key')).toEqual(segment);
  });

  it('do not mind a place that cannot be written to', async () => {
    await writeFile(join(directory, 'file'), '');
    const segments = new SegmentFiles({ directory: join(directory, 'file') });
    await segments.put('key', segment);
    expect(await segments.get('key')).toBeUndefined();
  });
});

describe('layers on disk', () => {
  const plan = digestOf('plan');
  const bytes = Buffer.from('a layer');
  const layer = {
    descriptor: { mediaType: 'layer', digest: digestOf(bytes), sizeBytes: bytes.length },
    diffId: digestOf('tar'),
  };
  const { digest } = layer.descriptor;
  const inBuild = (build: string): LayerFiles =>
    new LayerFiles({
      directory: join(directory, 'cache'),
      blobs: { path: (one) => join(directory, build, one.replace(':', '-')) },
    });
  const blobOf = (build: string): string => join(directory, build, digest.replace(':', '-'));
  const cached = (): Promise<string[]> => filesBelow(join(directory, 'cache'));

  beforeEach(async () => {
    await mkdir(join(directory, 'first'));
    await writeFile(blobOf('first'), bytes);
  });

  it('become blobs of the next build, which has to compare them', async () => {
    expect(await inBuild('second').find(plan)).toBeUndefined();
    const first = inBuild('first');
    await first.keep(plan, layer, 7);
    await first.keep(plan, layer, 7);
    expect(first.uncheckedCrc(digest)).toBeUndefined();
    const second = inBuild('second');
    expect(await second.find(plan)).toEqual(layer);
    expect(await readFile(blobOf('second'))).toEqual(bytes);
    expect(second.uncheckedCrc(digest)).toBe(7);
    expect(await second.find(plan)).toEqual(layer);
    expect((await cached()).filter((file) => file.includes('tmp-'))).toEqual([]);
  });

  it('are made again when they are cut short or their facts are damaged', async () => {
    await inBuild('first').keep(plan, layer, 7);
    const kept = (await cached()).find((file) => file.endsWith('.layer')) ?? '';
    await rm(kept);
    await writeFile(kept, 'short');
    expect(await inBuild('second').find(plan)).toBeUndefined();
    await inBuild('first').keep(plan, layer, 7);
    expect(await inBuild('second').find(plan)).toEqual(layer);
    const facts = kept.replace(/\.layer$/, '');
    const written = await readFile(facts, 'utf8');
    const otherDigest = written.replace(
      /"diffId":"sha256:(.)/,
      (text) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`,
    );
    for (const damaged of ['{', otherDigest, written.replace('mediaType', 'meliaType')]) {
      await writeFile(facts, damaged);
      expect(await inBuild('third').find(plan)).toBeUndefined();
    }
  });

  it('are made again where the facts of something else lie', async () => {
    const other = digestOf('other');
    await inBuild('first').keep(plan, layer, 7);
    await inBuild('first').keep(other, layer, 7);
    const facts = join(directory, 'cache', hexOf(plan));
    for (const text of [await readFile(join(directory, 'cache', hexOf(other))), sealText('{}')]) {
      await writeFile(facts, text);
      expect(await inBuild('second').find(plan)).toBeUndefined();
    }
  });

  it('are used and not kept where nothing can be written', async () => {
    await inBuild('first').keep(plan, layer, 7);
    await writeFile(join(directory, 'file'), '');
    const nowhere = new LayerFiles({
      directory: join(directory, 'file'),
      blobs: { path: () => blobOf('first') },
    });
    await nowhere.keep(plan, layer, 7);
    expect(await nowhere.find(plan)).toBeUndefined();
    // A clock that no file system can write down refuses as a cache of somebody else does.
    const clock = { now: () => Number.NaN };
    const options = { directory: join(directory, 'cache'), clock };
    const second = new LayerFiles({ ...options, blobs: { path: () => blobOf('second') } });
    expect(await second.find(plan)).toEqual(layer);
  });

  it('are forgotten when they are found to be damaged', async () => {
    await inBuild('first').keep(plan, layer, 7);
    const second = inBuild('second');
    await second.find(plan);
    second.forgetUnchecked();
    expect(await cached()).toEqual([]);
    expect(await filesBelow(join(directory, 'second'))).toEqual([]);
    expect(second.uncheckedCrc(digest)).toBeUndefined();
    expect(await second.find(plan)).toBeUndefined();
  });
});

it('what nobody used since a time goes, and the rest stays', async () => {
  const segments = new SegmentFiles({ directory });
  await segments.put('old', segment);
  const [old = ''] = await filesBelow(directory);
  await utimes(old, 1000, 1000);
  await segments.put('new', segment);
  await forgetUnused(directory, 2_000_000);
  expect(await segments.get('old')).toBeUndefined();
  expect(await segments.get('new')).toEqual(segment);
  await forgetUnused(join(directory, 'absent'), 2_000_000);
  expect((await stat(directory)).isDirectory()).toBe(true);
});
