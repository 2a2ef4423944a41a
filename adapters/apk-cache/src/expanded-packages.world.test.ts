import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { digestOf, hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import { fileEntry, symlinkEntry } from '@kiln/tar';
import { ExpandedPackages } from './expanded-packages.ts';
import { contents, dataFiles, makePackage } from './package-fixture.ts';
import { MemberWriter } from './members.ts';
import { parseRecord, printRecord } from './record.ts';

/** A blob store of what it was given, counting how often it is read. */
class CountingBlobs {
  reads = 0;
  readonly #blobs = new Map<Digest, Uint8Array>();

  add(bytes: Uint8Array, as: Digest = digestOf(bytes)): Digest {
    this.#blobs.set(as, bytes);
    return as;
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array> {
    this.reads += 1;
    const bytes = this.#blobs.get(digest) ?? new Uint8Array(0);
    for (let i = 0; i < bytes.length; i += 999) yield bytes.subarray(i, i + 999);
  }
}

async function text(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

let directory = '';
let blobs = new CountingBlobs();
let packages = new ExpandedPackages({ directory, blobs });
beforeEach(() => {
  const parent = mkdtempSync(join(tmpdir(), 'kiln-apk-cache-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  directory = join(parent, 'made', 'later');
  blobs = new CountingBlobs();
  packages = new ExpandedPackages({ directory, blobs });
});

/** Opens and reads all files of a package, last first. */
async function readAll(apk: Digest): Promise<Map<string, string>> {
  const { members, read } = await packages.open(apk);
  const found = new Map<string, string>();
  for (const { index, entry } of [...members].reverse()) {
    if (entry.type === 'file') found.set(entry.path, await text(read(index)));
  }
  return found;
}

describe('ExpandedPackages', () => {
  it('opens a package with its facts and reads its files in any order, expanding it once', async () => {
    const bytes = await makePackage();
    const apk = blobs.add(bytes);
    const opened = await packages.open(apk);
    expect(opened.info).toMatchObject({ name: 'x', description: 'a' });
    expect(opened.sizeBytes).toBe(bytes.length);
    expect(opened.checksum).toMatch(/^Q1.{27}=$/);
    expect(opened.control.map(({ entry, content }) => [entry.path, content.length])).toEqual([
      ['.post-install', 10],
    ]);
    expect([...opened.members].map(({ entry }) => entry.path)).toEqual(
      dataFiles().map(({ entry }) => entry.path),
    );
    expect([...opened.members].map(({ index }) => index)).toEqual(dataFiles().map((_, i) => i));
    for (let i = 0; i < 2; i++)
      expect(await readAll(apk)).toEqual(new Map([...contents].reverse()));
    expect(await text(opened.read(0))).toBe('');
    expect(blobs.reads).toBe(1);
  });

  it('gives the same entries from the cache as from the package, attributes and checksums included', async () => {
    const apk = blobs.add(await makePackage());
    const first = await packages.open(apk);
    const again = await new ExpandedPackages({ directory, blobs }).open(apk);
    expect([...again.members]).toEqual([...first.members]);
    expect(again.members.at(1)?.entry.pax.get('SCHILY.xattr.user.note')).toEqual(Buffer.of(0, 255));
    expect(blobs.reads).toBe(1);
  });

  it('reads .PKGINFO plainly where that is asked for', async () => {
    const apk = blobs.add(await makePackage());
    const plain = new ExpandedPackages({ directory, blobs, dialect: 'plain' });
    expect((await plain.open(apk)).info.description).toBe('a # b');
  });

  it('opens one whose links lead out of it only where that is asked for', async () => {
    const apk = blobs.add(await makePackage({ linkTarget: '../../out' }));
    const any = new ExpandedPackages({ directory, blobs, links: 'any' });
    const { members } = await any.open(apk);
    expect([...members].at(-1)?.entry.linkTarget).toBe('../../out');
    await expect(packages.open(apk)).rejects.toMatchObject({ code: 'TAR_UNSAFE_PATH' });
  });

  it('expands once for many who ask at a time', async () => {
    const apk = blobs.add(await makePackage());
    await Promise.all(Array.from({ length: 8 }, () => packages.open(apk)));
    expect(blobs.reads).toBe(1);
  });

  it('survives others expanding the same package', async () => {
    const apk = blobs.add(await makePackage());
    const others = Array.from({ length: 4 }, () => new ExpandedPackages({ directory, blobs }));
    await Promise.all(others.map((other) => other.open(apk)));
    expect(await readAll(apk)).toEqual(new Map([...contents].reverse()));
    expect(readdirSync(directory).sort()).toEqual([`${hexOf(apk)}.members`, `${hexOf(apk)}.tar`]);
  });
});

describe('a package that does not verify', () => {
  it('or does not exist is refused', async () => {
    const none = new ExpandedPackages({ directory, blobs: new MemoryBlobs() });
    await expect(none.open(digestOf('nothing'))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  it('is refused and leaves nothing behind', async () => {
    const wrongHash = blobs.add(await makePackage({ dataHash: 'f'.repeat(64) }));
    await expect(packages.open(wrongHash)).rejects.toMatchObject({
      code: 'APK_DATA_HASH_MISMATCH',
    });
    const swapped = blobs.add(await makePackage(), digestOf('another package'));
    await expect(packages.open(swapped)).rejects.toMatchObject({
      code: 'APK_DIGEST_MISMATCH',
      retry: 'later',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is said to be where the system refuses what it does not name', async () => {
    const apk = blobs.add(await makePackage());
    mkdirSync(join(directory, `${hexOf(apk)}.members`), { recursive: true });
    await expect(packages.open(apk)).rejects.toMatchObject({
      code: 'EISDIR',
      path: join(directory, `${hexOf(apk)}.members`),
    });
  });

  it('is asked for again the next time', async () => {
    const whole = await makePackage();
    const apk = blobs.add(whole.subarray(0, 600), digestOf(whole));
    await expect(packages.open(apk)).rejects.toMatchObject({ code: 'GZIP_TRUNCATED' });
    blobs.add(whole);
    expect((await packages.open(apk)).info.name).toBe('x');
  });
});

it('reads many at a time, small and large, from one open package', async () => {
  const apk = blobs.add(await makePackage());
  const { members, read } = await packages.open(apk);
  const files = [...members].filter(({ entry }) => entry.type === 'file');
  const asked = Array.from({ length: 40 }, (_, i) => files[i % files.length]);
  const found = await Promise.all(asked.map((member) => text(read(member?.index ?? -1))));
  expect(found).toEqual(asked.map((member) => contents.get(member?.entry.path ?? '')));
});

it('removes what crashes left a day ago when it expands, and nothing else', async () => {
  mkdirSync(directory, { recursive: true });
  for (const name of ['x.tar.1.tmp', 'x.tar.2.tmp', 'x.tar']) {
    writeFileSync(join(directory, name), '');
    if (!name.includes('.2.')) utimesSync(join(directory, name), 1000, 1000);
  }
  const apk = blobs.add(await makePackage());
  await packages.open(apk);
  const left = readdirSync(directory).filter((name) => name.startsWith('x'));
  expect(left.sort()).toEqual(['x.tar', 'x.tar.2.tmp']);
});

describe('a damaged cache', () => {
  const paths = (apk: Digest): { tar: string; members: string } => ({
    tar: join(directory, `${hexOf(apk)}.tar`),
    members: join(directory, `${hexOf(apk)}.members`),
  });

  it.each<[string, (apk: Digest) => void]>([
    ['lost its archive', (apk) => rmSync(paths(apk).tar)],
    ['has a shortened archive', (apk) => truncateSync(paths(apk).tar, 1000)],
    ['lost its record', (apk) => rmSync(paths(apk).members)],
    ['has a shortened record', (apk) => truncateSync(paths(apk).members, 100)],
    ['has an empty record', (apk) => writeFileSync(paths(apk).members, '')],
    [
      'has a changed record',
      (apk) => {
        const record = readFileSync(paths(apk).members, 'utf8');
        const changed = record.replace(',2541,', ',420,');
        expect(changed).not.toBe(record);
        writeFileSync(paths(apk).members, changed);
      },
    ],
  ])('that %s is made again', async (_what, damage) => {
    const apk = blobs.add(await makePackage());
    await packages.open(apk);
    damage(apk);
    expect(await readAll(apk)).toEqual(new Map([...contents].reverse()));
    expect(blobs.reads).toBe(2);
  });

  it('with other content in a file is found when it is read, dropped, and made again', async () => {
    const apk = blobs.add(await makePackage());
    const opened = await packages.open(apk);
    const { tar, members } = paths(apk);
    writeFileSync(tar, readFileSync(tar, 'latin1').replace('first file', 'other file'), 'latin1');
    await expect(text(opened.read(1))).rejects.toMatchObject({
      code: 'APK_CACHE_BROKEN',
      retry: 'later',
    });
    expect(existsSync(members)).toBe(false);
    expect(await readAll(apk)).toEqual(new Map([...contents].reverse()));
  });

  it('that was removed while a package is open says so', async () => {
    const apk = blobs.add(await makePackage());
    const opened = await packages.open(apk);
    rmSync(directory, { recursive: true });
    await expect(text(opened.read(1))).rejects.toMatchObject({ code: 'APK_CACHE_BROKEN' });
    expect(await readAll(apk)).toEqual(new Map([...contents].reverse()));
  });
});

describe('a record', () => {
  it('comes back as it was, and not at all when a byte changed', () => {
    const entry = fileEntry('a', 3, { pax: new Map([['k', Buffer.of(1, 255)]]) });
    const members = [
      { entry, offset: 512, sums: [17] },
      { entry: symlinkEntry('naïve/文', '../√'), offset: 1024, sums: [] },
      { entry: { ...entry, hasSlash: true as const }, offset: 2 ** 33, sums: [2 ** 32 - 1] },
    ];
    const writer = new MemberWriter();
    for (const one of members) writer.add(one.entry, one);
    const record = {
      sizeBytes: 9,
      control: Buffer.from('c'),
      tarBytes: 1024,
      members: writer.members(),
      isInside: true,
      libraries: [[0, { machine: 62, soname: 'a.so.1' }] as const, [3, null] as const],
      segments: [[0, [{ offset: 7, sizeBytes: 2, bytesCrc: 1 }]] as const],
    };
    const bytes = Buffer.concat(printRecord(record));
    expect(parseRecord(bytes)).toEqual(record);
    const read = parseRecord(bytes)?.members;
    expect([...(read ?? [])]).toEqual(
      members.map((one, index) => ({ index, entry: one.entry, offset: one.offset })),
    );
    expect(members.map((_, index) => read?.content(index)?.sums)).toEqual([
      [17],
      undefined,
      [2 ** 32 - 1],
    ]);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(parseRecord(damaged)).toBeUndefined();
    }
  });
});
