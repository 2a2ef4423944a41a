import { createHash, hash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlSegment, dataSegment, parsePackageInfo } from '@kiln/apk';
import type { LayerSegment, PackageContents } from '@kiln/assemble';
import { concatBytes, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
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
import { expandAtHand, expandSegmented, expandStream } from './expand.ts';
import type { ExpandTo } from './expand.ts';
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

/** The segments of a file's parts. */
function segmentsOf({ parts }: PackageContents, index: number): (LayerSegment | undefined)[] {
  return (parts?.(index) ?? []).map((part) => part.readSegment((size) => Buffer.alloc(size)));
}

const made = (bytes: Buffer): Promise<LayerSegment>[] =>
  Array.from({ length: Math.ceil(bytes.length / pieceBytesMax) }, (_, i) =>
    deflateSegment(bytes.subarray(i * pieceBytesMax, (i + 1) * pieceBytesMax), {
      level: segmentLevel,
    }),
  );

it('a package that is a file gives its segments as they are', async () => {
  const apk = await packageOf();
  const path = join(folder, 'apk');
  writeFileSync(path, apk);
  const contents = await opened(apk, path);
  expect(segmentsOf(contents, 1)).toEqual(await Promise.all(made(large)));
  expect(segmentsOf(contents, 2)).toEqual(await Promise.all(made(Buffer.alloc(20_000, 'b'))));
  expect(segmentsOf(contents, 0)).toEqual([undefined]);
});

it('one that is damaged, or gone, gives none, and neither does one that is no file', async () => {
  const apk = await packageOf();
  const path = join(folder, 'apk');
  writeFileSync(path, apk);
  const contents = await opened(apk, path);
  writeFileSync(
    path,
    apk.map((byte) => byte ^ 1),
  );
  expect(segmentsOf(contents, 1)).toEqual([undefined, undefined]);
  writeFileSync(path, apk.subarray(0, 600));
  expect(segmentsOf(contents, 1)).toEqual([undefined, undefined]);
  rmSync(path);
  expect(segmentsOf(contents, 1)).toEqual([undefined, undefined]);
  expect(segmentsOf(await opened(apk), 1)).toEqual([undefined, undefined]);
});

it('parts of files are held against their sums when they are read', async () => {
  const apk = await packageOf();
  const { parts } = await opened(apk);
  const content = async (): Promise<Buffer> => {
    const memory = Buffer.alloc(large.length);
    for (const [i, part] of (parts?.(1) ?? []).entries())
      await part.read(memory.subarray(i * pieceBytesMax, i * pieceBytesMax + part.sizeBytes));
    return memory;
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
  const apk = await packageOf((data) => gzipBytes(gunzipBytes(data)));
  const path = join(folder, 'apk');
  writeFileSync(path, apk);
  expect(segmentsOf(await opened(apk, path), 1)).toEqual([undefined, undefined]);
});

it('a package has the same record however it is expanded', async () => {
  const apk = await packageOf();
  await opened(apk);
  const digest = digestOf(apk);
  const hex = digest.slice('sha256:'.length);
  const before = parseRecord(readFileSync(join(folder, 'expanded', `${hex}.members`)));
  const archive = readFileSync(join(folder, 'expanded', `${hex}.tar`));
  expect(before?.segments).toHaveLength(2);
  const to = {
    apk: digest,
    limits: {},
    archive: join(folder, 'tar'),
    record: join(folder, 'record'),
    durable: false,
  };
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < apk.length; at += 777) yield apk.subarray(at, at + 777);
  };
  writeFileSync(join(folder, 'apk'), apk);
  const ways = [
    () => expandStream(source(), to),
    () => expandAtHand(apk, to),
    () => expandSegmented(join(folder, 'apk'), to),
  ];
  for (const expand of ways) {
    await expand();
    expect(parseRecord(readFileSync(to.record))).toEqual(before);
    expect(readFileSync(to.archive).equals(archive)).toBe(true);
    rmSync(to.record);
    rmSync(to.archive);
  }
});

it('only the file of a package that is what its digest and its own hashes say is expanded', async () => {
  const apk = await packageOf();
  const path = join(folder, 'apk');
  const to = (name: string, apk: Digest): ExpandTo => ({
    apk,
    limits: {},
    archive: join(folder, `${name}.tar`),
    record: join(folder, name),
    durable: true,
  });
  writeFileSync(path, apk);
  await expect(expandSegmented(path, to('other', digestOf('other')))).rejects.toMatchObject({
    code: 'APK_DIGEST_MISMATCH',
  });
  const control = apk.length - (splitMembers(apk).at(-1)?.compressed.length ?? 0);
  const beforeData = { sizeBytes: control, sha256: hash('sha256', apk.subarray(0, control)) };
  expect(
    await expandSegmented(path, {
      ...to('before', digestOf('known by its beginning')),
      beforeData,
    }),
  ).toBe(true);
  const wrong = { ...beforeData, sha256: '0'.repeat(64) };
  const apkDigest = digestOf(apk);
  expect(await expandSegmented(path, { ...to('wrong', apkDigest), beforeData: wrong })).toBe(true);
  for (const at of [20, control + 30, apk.length - 3]) {
    const changed = Buffer.from(apk);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(path, changed);
    await expect(expandSegmented(path, to(`at${at}`, digestOf(changed)))).rejects.toMatchObject({
      code: expect.stringMatching(/^(APK|GZIP|TAR)_/) as string,
    });
    expect(existsSync(join(folder, `at${at}`))).toBe(false);
  }
  writeFileSync(path, await packageOf((data) => gzipBytes(gunzipBytes(data))));
  expect(await expandSegmented(path, to('plain', digestOf('plain')))).toBe(false);
  expect(existsSync(join(folder, 'plain.tar'))).toBe(false);
});

it('the SHA-1 of every file is compared, the first, the largest and the last', async () => {
  const path = join(folder, 'apk');
  for (const [i, text] of ['small', 'large and', 'bbbb'].entries()) {
    const apk = await packageOf(
      edited((archive) => {
        const at = archive.lastIndexOf(text);
        archive[at] = (archive[at] ?? 0) ^ 1;
      }),
    );
    writeFileSync(path, apk);
    const to = { archive: join(folder, `${i}.tar`), record: join(folder, `${i}`), durable: false };
    const asked = { apk: digestOf(apk), limits: {}, ...to };
    await expect(expandSegmented(path, asked)).rejects.toMatchObject({
      code: 'APK_FILE_CHECKSUM_MISMATCH',
    });
    expect(existsSync(to.record)).toBe(false);
  }
});

it('one whose archive is kept in other words has no segments', async () => {
  const apk = await packageOf(edited(foreignHeader));
  const contents = await opened(apk);
  const hex = digestOf(apk).slice('sha256:'.length);
  const record = parseRecord(readFileSync(join(folder, 'expanded', `${hex}.members`)));
  expect(record?.segments).toEqual([]);
  const chunks: Uint8Array[] = [];
  for await (const chunk of contents.read(1)) chunks.push(Buffer.from(chunk));
  expect(Buffer.concat(chunks).equals(large)).toBe(true);
});

/** An archive whose first header has the magic number of GNU's, which is as long. */
function foreignHeader(archive: Buffer): void {
  archive.write('ustar  \0', 257, 'latin1');
  archive.fill(' ', 148, 156);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** The same segments of an archive that is edited. */
const edited =
  (edit: (archive: Buffer) => void) =>
  async (data: Uint8Array): Promise<Uint8Array> => {
    const [member] = splitMembers(data);
    const archive = Buffer.from(member?.content ?? []);
    edit(archive);
    const segments = (member?.segments ?? []).map(({ contentOffset, contentSizeBytes }) =>
      deflateSegment(archive.subarray(contentOffset, contentOffset + contentSizeBytes), {
        level: segmentLevel,
      }),
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of segmentedMember(await Promise.all(segments), { separable: true }))
      chunks.push(chunk);
    return concatBytes(chunks);
  };
