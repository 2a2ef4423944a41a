import { digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { composeSpdx, packageSbom, parseSpdx, printSpdx } from '@kiln/spdx';
import { describe, expect, test } from 'vitest';
import { MemoryBillCache, assemble, imageFacts, packageBill, sbomOfImage } from './index.ts';
import type { BilledPackage, PackageContents } from './index.ts';
import { directory, file, fixturePackage } from './package-fixture.ts';

const tool = { name: 'kiln', version: '1' };

function own(name: string): string {
  const document = packageSbom({
    namespace: 'kiln',
    name,
    version: '2-r0',
    arch: 'x86_64',
    created: '2026-11-28T00:00:00Z',
    tool,
    licenseDeclared: 'ISC',
    copyrightText: '',
    cpe: '',
    recipe: undefined,
    ownSources: [],
    sources: [],
    extractedLicenses: [],
  });
  return Buffer.from(printSpdx(document)).toString();
}

const described = fixturePackage('described=2-r0', [
  ...['var', 'var/lib', 'var/lib/db', 'var/lib/db/sbom'].map((path) => directory(path)),
  file('var/lib/db/sbom/described-2-r0.spdx.json', own('described')),
]);

function billed(contents: PackageContents, onOpen?: () => void): BilledPackage {
  return {
    apk: digestOf(contents.info.name),
    distribution: 'kiln',
    open: () => {
      onOpen?.();
      return Promise.resolve(contents);
    },
  };
}

const licence = async (contents: PackageContents): Promise<string | undefined> => {
  const { spdx } = await packageBill(new MemoryBillCache(1e6), billed(contents));
  const text = Buffer.from(spdx[1] ?? []).toString();
  return /"licenseDeclared":"([^"]*)"/.exec(text)?.[1];
};

describe('what a package adds to a bill of materials', () => {
  test('is what its own document says, or its facts where it has none that can be read', async () => {
    const path = 'var/lib/db/sbom/broken-2-r0.spdx.json';
    expect(await licence(described)).toBe('ISC');
    expect(await licence(fixturePackage('bare=2-r0', []))).toBe('MIT');
    expect(await licence(fixturePackage('broken=2-r0', [file(path, '{')]))).toBe('MIT');
    expect(
      await licence(
        fixturePackage('old=2-r0', [file('var/lib/db/sbom/old-2.spdx.json', own('old'))]),
      ),
    ).toBe('ISC');
  });

  test('is made once', async () => {
    const cache = new MemoryBillCache(1e6);
    let opened = 0;
    const one = billed(described, () => opened++);
    const made = await packageBill(cache, one);
    const kept = await packageBill(cache, one);
    expect(opened).toBe(1);
    for (const form of ['spdx', 'cyclonedx'] as const)
      expect(kept[form].map((part) => Buffer.from(part))).toEqual(
        made[form].map((part) => Buffer.from(part)),
      );
    await packageBill(cache, { ...one, distribution: 'other' });
    await packageBill(cache, { ...one, apk: digestOf('rebuilt') });
    expect(opened).toBe(3);
  });
});

describe('the cache of bills', () => {
  const key = (name: string): Digest => digestOf(name);
  const kept = async (cache: MemoryBillCache, names: readonly string[]): Promise<string> => {
    const found = [];
    for (const name of names) found.push((await cache.get(key(name))) === undefined ? '' : name);
    return found.join('');
  };

  test('forgets what was not used for the longest time', async () => {
    const cache = new MemoryBillCache(30);
    for (const name of ['a', 'b', 'c']) await cache.put(key(name), new Uint8Array(10));
    expect(await kept(cache, ['a'])).toBe('a');
    await cache.put(key('d'), new Uint8Array(10));
    expect(await kept(cache, ['a', 'b', 'c', 'd'])).toBe('acd');
  });

  test('does not keep what is larger than it, and nothing twice', async () => {
    const cache = new MemoryBillCache(30);
    await cache.put(key('a'), new Uint8Array(31));
    for (let time = 0; time < 3; time++) await cache.put(key('b'), new Uint8Array(20));
    expect(await kept(cache, ['a', 'b'])).toBe('b');
  });
});

test('an image has what its packages add, in apko’s form only those with documents', async () => {
  const bare = fixturePackage('bare=2-r0', []);
  const layout = fixturePackage('layout', [
    directory('etc'),
    file('etc/os-release', 'ID=kiln\nNAME="Kiln OS"\nVERSION_ID=1\n'),
  ]);
  const assembled = await assemble({
    config: parseImageConfig('contents: {}', 'image.yaml'),
    arch: 'amd64',
    packages: [layout, described, bare],
    keyring: [],
    sourceDateEpochSeconds: 1000,
  });
  const descriptor = { mediaType: 'm', sizeBytes: 1, digest: digestOf('manifest') };
  const input = {
    assembled,
    arch: 'x86_64',
    manifest: descriptor,
    layers: [descriptor],
    repositoryName: 'app',
    tool,
  };
  const cache = new MemoryBillCache(1e6);
  const parts = [];
  for (const one of assembled.packages) parts.push((await packageBill(cache, billed(one))).spdx);
  const document = parseSpdx(Buffer.concat(composeSpdx(await imageFacts(input), parts)));
  const names = document.packages.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['kiln', 'layout', 'described', 'bare']));
  expect(document.created).toBe('1970-01-01T00:16:40Z');
  const byApko = (await sbomOfImage(input)).packages.map(({ name }) => name);
  expect(byApko).toContain('described');
  expect(byApko).not.toContain('bare');
  assembled.tree.mkdirAll('var/lib/db/sbom/bare-2-r0.spdx.json', 0o755);
  await expect(sbomOfImage(input)).rejects.toMatchObject({ code: 'ASSEMBLE_PATH_INVALID' });
});
