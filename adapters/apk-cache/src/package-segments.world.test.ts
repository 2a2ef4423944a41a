import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSegment, dataSegment, parsePackageInfo } from '@kiln/apk';
import type { PackageContents } from '@kiln/assemble';
import { concatBytes, digestOf } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import {
  deflateSegment,
  gunzipBytes,
  gzipBytes,
  pieceBytesMax,
  segmentLevel,
  segmentedMember,
  splitMembers,
} from '@kiln/gzip';
import { fileEntry } from '@kiln/tar';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expandStream } from './expand.ts';
import { ExpandedPackages } from './index.ts';
import { parseRecord } from './record.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-package-segments-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const large = Buffer.alloc(pieceBytesMax + 70_000, 'large and not all the same. ');
const contents = [Buffer.from('small'), large, Buffer.alloc(20_000, 'b')];

async function packageOf(
  change: (data: Uint8Array) => Uint8Array | Promise<Uint8Array> = (data) => data,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const files = contents.map((content, i) => ({
    entry: fileEntry(`f${i}`, content.length),
    open: () => content,
  }));
  for await (const chunk of dataSegment(files)) chunks.push(chunk);
  const data = await change(concatBytes(chunks));
  const dataHash = createHash('sha256').update(data).digest('hex');
  const info = { ...parsePackageInfo('pkgname = x\npkgver = 1-r0\n'), dataHash };
  return concatBytes([controlSegment({ info, mtimeSeconds: 0 }), data]);
}

async function opened(apk: Uint8Array, path?: string): Promise<PackageContents> {
  const blobs = new MemoryBlobs();
  const { digest } = await blobs.put(apk);
  const read = blobs.read.bind(blobs);
  const packages = new ExpandedPackages({
    directory: join(folder, 'expanded'),
    blobs: path === undefined ? blobs : { read, path: () => path },
  });
  return packages.open(digest);
}

const memory = (sizeBytes: number): Uint8Array => Buffer.alloc(sizeBytes);

const part = (bytes: Buffer, number: number): Promise<unknown> =>
  deflateSegment(bytes.subarray(number * pieceBytesMax, (number + 1) * pieceBytesMax), {
    level: segmentLevel,
  });

it.each(['a blob', 'a file'])(
  'a package that is %s gives its segments as they are',
  async (what) => {
    const apk = await packageOf();
    const path = what === 'a file' ? join(folder, 'apk') : undefined;
    if (path !== undefined) writeFileSync(path, apk);
    const { segment } = await opened(apk, path);
    expect(await segment?.(1, 0, memory)).toEqual(await part(large, 0));
    expect(await segment?.(1, 1, memory)).toEqual(await part(large, 1));
    expect(await segment?.(2, 0, memory)).toEqual(await part(contents[2] ?? large, 0));
    expect(await segment?.(0, 0, memory)).toBeUndefined();
    expect(await segment?.(1, 2, memory)).toBeUndefined();
  },
);

it('one that is damaged, or gone, gives none', async () => {
  const apk = await packageOf();
  const path = join(folder, 'apk');
  writeFileSync(path, apk);
  const { segment } = await opened(apk, path);
  writeFileSync(
    path,
    apk.map((byte) => byte ^ 1),
  );
  expect(await segment?.(1, 0, memory)).toBeUndefined();
  writeFileSync(path, apk.subarray(0, 600));
  expect(await segment?.(1, 0, memory)).toBeUndefined();
  rmSync(path);
  expect(await segment?.(1, 0, memory)).toBeUndefined();
});

it('files of such a package are held against the sums of their parts when they are read', async () => {
  const apk = await packageOf();
  const { readInto } = await opened(apk);
  const content = async (): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readInto?.(1, () => Buffer.alloc(300_000)) ?? [])
      chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  };
  expect((await content()).equals(large)).toBe(true);
  const tar = join(folder, 'expanded', `${digestOf(apk).slice('sha256:'.length)}.tar`);
  const bytes = readFileSync(tar);
  const changed = Buffer.from(bytes);
  const at = changed.lastIndexOf('large and not') + 1;
  changed[at] = (changed[at] ?? 0) ^ 1;
  for (const damaged of [changed, bytes.subarray(0, pieceBytesMax)]) {
    writeFileSync(tar, damaged);
    await expect(content()).rejects.toMatchObject({ code: 'APK_CACHE_BROKEN' });
  }
});

it('one that another tool compressed has none', async () => {
  expect(
    (await opened(await packageOf((data) => gzipBytes(gunzipBytes(data))))).segment,
  ).toBeUndefined();
});

it('a package that is expanded as a stream has the same', async () => {
  const apk = await packageOf();
  const { segment } = await opened(apk);
  expect(segment).toBeDefined();
  const digest = digestOf(apk);
  const to = { archive: join(folder, 'tar'), record: join(folder, 'record'), durable: false };
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < apk.length; at += 777) yield apk.subarray(at, at + 777);
  };
  await expandStream(source(), { apk: digest, limits: {}, ...to });
  const hex = digest.slice('sha256:'.length);
  const before = parseRecord(readFileSync(join(folder, 'expanded', `${hex}.members`)));
  expect(before?.segments).toHaveLength(2);
  expect(parseRecord(readFileSync(to.record))).toEqual(before);
});

it('one whose archive is kept in other words has none', async () => {
  const { segment, read } = await opened(await packageOf(withForeignHeader));
  expect(segment).toBeUndefined();
  const chunks: Uint8Array[] = [];
  for await (const chunk of read(1)) chunks.push(Buffer.from(chunk));
  expect(Buffer.concat(chunks).equals(large)).toBe(true);
});

/** The same segments of an archive whose first header has the magic number of GNU's, which is as long. */
async function withForeignHeader(data: Uint8Array): Promise<Uint8Array> {
  const [member] = splitMembers(data);
  const archive = Buffer.from(member?.content ?? []);
  archive.write('ustar  \0', 257, 'latin1');
  archive.fill(' ', 148, 156);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const segments = (member?.segments ?? []).map(({ contentOffset, contentSizeBytes }) =>
    deflateSegment(archive.subarray(contentOffset, contentOffset + contentSizeBytes), {
      level: segmentLevel,
    }),
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of segmentedMember(await Promise.all(segments), { separable: true }))
    chunks.push(chunk);
  return concatBytes(chunks);
}
