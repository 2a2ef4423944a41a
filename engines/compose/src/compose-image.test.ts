import { createHash } from 'node:crypto';
import {
  MemoryBillCache,
  assemble,
  gzipLayers,
  imageLayers,
  imageOf,
  storeLayer,
  zstdLayers,
} from '@kiln/assemble';
import type { PackageContents } from '@kiln/assemble';
import { directory, file, fixturePackage, symlink } from '@kiln/assemble/testing';
import { digestOf } from '@kiln/base';
import { MemoryBlobs, composeBlob, partBytes } from '@kiln/blobs';
import type { ComposedBlob } from '@kiln/blobs';
import { imageKey } from '@kiln/factory';
import { parseImageConfig } from '@kiln/image-config';
import { parseProvenance, parseStatement } from '@kiln/intoto';
import type { Statement } from '@kiln/intoto';
import { mediaTypes, parseManifest } from '@kiln/oci';
import type { ComposedImage } from '@kiln/publish';
import { parseSpdx } from '@kiln/spdx';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { PackageSet, SegmentMemo, composeImage } from './index.ts';
import type { ComposedSbomFormat } from './index.ts';

const epochSeconds = 1_767_225_600;
const builder = { name: 'kiln', version: '0.1.0' };

const packageInfo = (name: string) => ({
  arch: 'x86_64',
  dataHash: digestOf(name).slice('sha256:'.length),
});

function fixturePackages(): readonly PackageContents[] {
  return [
    fixturePackage(
      'layout',
      [
        directory('etc'),
        file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
        file('etc/os-release', 'ID=kiln\nNAME="Kiln OS"\nVERSION_ID=1\n'),
        directory('usr'),
        directory('usr/lib'),
        symlink('lib', 'usr/lib'),
      ],
      { info: packageInfo('layout') },
    ),
    fixturePackage(
      'tool',
      [directory('usr'), directory('usr/bin'), file('usr/bin/tool', 'tool'.repeat(9000))],
      { info: packageInfo('tool') },
    ),
    fixturePackage(
      'certificates',
      [
        directory('etc/ssl'),
        directory('etc/ssl/certs'),
        file('etc/ssl/certs/ca-certificates.crt', '# none\n'),
      ],
      { info: packageInfo('certificates') },
    ),
  ];
}

let blobs: MemoryBlobs;
let read: string[];
let set: PackageSet;
let zstdSet: PackageSet;
let memo: SegmentMemo;

function withReads(contents: PackageContents): PackageContents {
  return {
    ...contents,
    read: (index) => {
      read.push(`${contents.info.name} ${contents.members.at(index)?.entry.path}`);
      return contents.read(index);
    },
  };
}

beforeEach(async () => {
  read = [];
  blobs = new MemoryBlobs();
  const packages = fixturePackages().map((contents) => ({
    contents: withReads(contents),
    apk: digestOf(contents.info.name),
    namespace: 'test',
  }));
  const input = {
    arch: 'x86_64',
    packages,
    sourceDateEpochSeconds: epochSeconds,
  };
  const bills = new MemoryBillCache(1_000_000);
  const ports = { blobs, packs: blobs, bills };
  set = await PackageSet.of(input, ports);
  zstdSet = await PackageSet.of({ ...input, compression: 'zstd' }, ports);
  memo = new SegmentMemo(blobs);
});

const compose = (
  yaml: string,
  of = set,
  sbomFormats: readonly ComposedSbomFormat[] = ['spdx'],
): Promise<ComposedImage> =>
  composeImage(
    {
      set: of,
      config: parseImageConfig(yaml, 'image.yaml'),
      base: { name: 'base', manifest: digestOf('base') },
      overlay: yaml,
      repository: 'team/app',
      key: imageKey('app'),
      tags: [],
      builder,
      sbomFormats,
    },
    memo,
  );

const bytesOf = ({ parts }: ComposedBlob): Buffer => Buffer.concat(parts.map(partBytes));

/** The manifest that a build without any of this gives. */
async function coldManifest(yaml: string, compression = gzipLayers): Promise<string> {
  const packages = fixturePackages();
  const assembled = await assemble({
    config: parseImageConfig(yaml, 'image.yaml'),
    arch: 'x86_64',
    packages,
    keyring: [],
    sourceDateEpochSeconds: epochSeconds,
  });
  const store = new MemoryBlobs();
  const layers = [];
  for (const layer of await imageLayers(assembled))
    layers.push(await storeLayer(layer, { blobs: store, compression }));
  const { vcsUrl } = parseImageConfig(yaml, 'image.yaml');
  const { config } = assembled;
  const image = imageOf({ config, arch: 'x86_64', layers, createdSeconds: epochSeconds, vcsUrl });
  return image.manifest.descriptor.digest;
}

const configurations = fc
  .record({
    users: fc.constantFrom('', '{username: app, uid: 70}', '{username: b, uid: 8, homedir: /b}'),
    value: fc.constantFrom('a', 'b', '"resolvedDependencies":[]'),
    path: fc.constantFrom(
      '',
      '{path: /usr/bin/tool, type: permissions, permissions: 0o700}',
      '{path: /data, type: directory, permissions: 0o755}',
      '{path: /again, type: hardlink, source: /usr/bin/tool, permissions: 0o700}',
    ),
    vcs: fc.constantFrom('', `, vcs-url: 'https://example.org/r@${'a'.repeat(40)}'`),
    layering: fc.constantFrom('', ', layering: {}', ', layering: {strategy: origin, budget: 1}'),
  })
  .map(
    ({ users, value, path, vcs, layering }) =>
      `{accounts: {users: [${users}]}, environment: {A: '${value}'}, paths: [${path}]${vcs}${layering}}`,
  );

const statementsOf = (image: ComposedImage): readonly Statement[] =>
  image.statements.map(({ parts }) =>
    parseStatement(
      Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : part.json.bytes))),
    ),
  );

describe('a composed image', () => {
  test('is what a build of the same packages and configuration gives', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(configurations, async (yaml) => {
        const image = await compose(yaml);
        expect(image.manifest.blob.digest).toBe(await coldManifest(yaml));
        seen.add(image.manifest.blob.digest);
        for (const blob of [...image.blobs, image.manifest.blob])
          expect(digestOf(bytesOf(blob))).toBe(blob.digest);
      }),
      { numRuns: 40 },
    );
    expect(seen.size).toBeGreaterThan(10);
  });

  test('is compressed as its set says, although others of the same contents are not', async () => {
    for (const yaml of ['{environment: {A: a}}', '{environment: {A: b}}']) {
      const gzip = await compose(yaml);
      const zstd = await compose(yaml, zstdSet);
      expect(gzip.manifest.blob.digest).toBe(await coldManifest(yaml));
      expect(zstd.manifest.blob.digest).toBe(await coldManifest(yaml, zstdLayers));
      const manifest = parseManifest(bytesOf(zstd.manifest.blob));
      expect(new Set(manifest.layers.map(({ mediaType }) => mediaType))).toEqual(
        new Set([mediaTypes.layerZstd]),
      );
      expect(digestOf(bytesOf(zstd.blobs[0] ?? composeBlob([])))).toBe(zstd.blobs[0]?.digest);
    }
  });

  test('reads no file of a package once the first was made, and refers to what it shares', async () => {
    await compose('{environment: {A: a}}');
    await compose('{environment: {A: b}}');
    read.length = 0;
    const image = await compose(
      '{environment: {A: c}, accounts: {users: [{username: app, uid: 70}]}}',
    );
    expect(read).toEqual([]);
    const [layer] = image.blobs;
    expect(layer?.parts.some((part) => !(part instanceof Uint8Array))).toBe(true);
    await blobs.putMany([...image.blobs, image.manifest.blob]);
    for (const { digest, sizeBytes } of [...image.blobs, ...image.links])
      expect(await blobs.stat(digest)).toEqual({ digest, sizeBytes });
  });

  test('whose last layer is large has it written to the store, once', async () => {
    const large = fixturePackage('large', [file('data', 'x'.repeat(17 * 1024 * 1024))], {
      info: packageInfo('large'),
    });
    const contents = [...fixturePackages(), large];
    const packages = contents.map((one) => ({
      contents: one,
      apk: digestOf(one.info.name),
      namespace: 'test',
    }));
    const bills = new MemoryBillCache(1_000_000);
    set = await PackageSet.of({ ...set.input, packages }, { blobs, packs: blobs, bills });
    const image = await compose('{layering: {}, environment: {A: a}}');
    expect(image.blobs).toHaveLength(1);
    const [layer] = image.links;
    expect(image.links).toHaveLength(1);
    expect(layer).toMatchObject((layer && (await blobs.stat(layer.digest))) ?? {});
    const other = await compose('{environment: {A: a}}');
    expect(other.blobs).toHaveLength(2);
  });

  test('whose last layer has much that is new has it stored at once, and of parts from then on', async () => {
    const noise = createHash('shake256', { outputLength: 3 * 2 ** 20 })
      .update('noise')
      .digest();
    const noisy: PackageContents = {
      ...fixturePackage('noisy', [file('data', 'x'.repeat(noise.length))], {
        info: packageInfo('noisy'),
      }),
      async *read() {
        yield await Promise.resolve(noise);
      },
    };
    const packages = [...fixturePackages(), noisy].map((contents) => ({
      contents,
      apk: digestOf(contents.info.name),
      namespace: 'test',
    }));
    const bills = new MemoryBillCache(1_000_000);
    set = await PackageSet.of({ ...set.input, packages }, { blobs, packs: blobs, bills });
    const composed: number[] = [];
    for (const value of ['a', 'b', 'c']) {
      const image = await compose(`{layering: {}, environment: {A: ${value}}}`);
      await blobs.putMany([...image.blobs, image.manifest.blob]);
      for (const { digest, sizeBytes } of [...image.blobs, ...image.links])
        expect(await blobs.stat(digest)).toEqual({ digest, sizeBytes });
      composed.push(image.blobs.length);
    }
    expect(composed).toEqual([1, 2, 2]);
  });

  test('is described: bill of materials, provenance, signature', async () => {
    const image = await compose(`{environment: {A: '"resolvedDependencies":[]'}}`);
    const statements = statementsOf(image);
    expect(statements.map(({ predicateType }) => predicateType)).toEqual([
      'https://spdx.dev/Document',
      'https://slsa.dev/provenance/v1',
      'https://sigstore.dev/cosign/sign/v1',
    ]);
    for (const { subject } of statements)
      expect(`sha256:${subject[0]?.digest['sha256']}`).toBe(image.manifest.blob.digest);
    const [sbom, provenance] = statements;
    const document = parseSpdx(Buffer.from(JSON.stringify(sbom?.predicate)));
    // A package URL of type oci has no namespace.
    expect(document.packages[0]?.externalRefs[0]?.locator).toMatch(/^pkg:oci\/app@sha256:/);
    for (const contents of fixturePackages())
      expect(document.packages.map(({ name }) => name)).toContain(contents.info.name);
    expect(new Set(document.packages.map(({ id }) => id)).size).toBe(document.packages.length);
    const { resolvedDependencies, externalParameters } = parseProvenance(
      provenance?.predicate ?? {},
    );
    expect(resolvedDependencies.map(({ name }) => name)).toEqual(
      fixturePackages().map(({ info }) => `${info.name}-${info.version}.apk`),
    );
    expect(JSON.stringify(externalParameters['configuration'])).toContain('resolvedDependencies');
    expect(externalParameters).toMatchObject({
      base: { name: 'base', digest: digestOf('base') },
      overlay: `{environment: {A: '"resolvedDependencies":[]'}}`,
    });
  });

  test('has a CycloneDX bill as well where that is asked for, of parts that are stored', async () => {
    const image = await compose('{environment: {A: a}}', set, ['spdx', 'cyclonedx']);
    const again = await compose('{environment: {A: b}}', set, ['spdx', 'cyclonedx']);
    expect(image.manifest.blob.digest).toBe(
      (await compose('{environment: {A: a}}')).manifest.blob.digest,
    );
    expect(again.statements.map(({ predicateType }) => predicateType)).toEqual([
      'https://spdx.dev/Document',
      'https://cyclonedx.org/bom',
      'https://slsa.dev/provenance/v1',
      'https://sigstore.dev/cosign/sign/v1',
    ]);
    const [, statement] = statementsOf(image);
    const bill = statement?.predicate as {
      readonly components: readonly { readonly name: string }[];
      readonly metadata: { readonly component: { readonly version: string } };
    };
    expect(bill.metadata.component.version).toBe(image.manifest.blob.digest);
    const names = fixturePackages().map(({ info }) => info.name);
    expect(bill.components.map(({ name }) => name)).toEqual(['kiln', ...names]);
    const segments = (image.statements[1]?.parts ?? []).flatMap((part) =>
      part instanceof Uint8Array ? [] : [part.json],
    );
    expect(segments.length).toBeGreaterThan(names.length);
    for (const { blob, bytes } of segments)
      expect(Buffer.compare(await blobs.bytes(blob), bytes)).toBe(0);
  });
});
