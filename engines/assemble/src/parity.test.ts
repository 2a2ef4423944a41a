import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readPackage } from '@kiln/apk';
import { collect, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { mediaTypes, parseConfig, parseManifest } from '@kiln/oci';
import type { TarEntry } from '@kiln/tar';
import { describe, expect, test } from 'vitest';
import { assemble, imageLayers, imageOf, layerArchive, parseInstalledDatabase } from './index.ts';
import type { BaseImage, PackageContents } from './index.ts';

interface RecordedImage {
  readonly name: string;
  readonly config: string;
  readonly world: readonly string[];
  readonly packages: readonly string[];
  /** Of the layers that are made, lowest first. */
  readonly diffIds: readonly Digest[];
  readonly imageConfig: string;
  /** The texts that describe the image that this one is built upon. */
  readonly base?: {
    readonly installed: string;
    readonly config: string;
    readonly manifest: string;
  };
}

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../testdata/${name}`, import.meta.url));
const images = JSON.parse(fixture('images.json').toString()) as RecordedImage[];
const epoch = 1_700_000_000;

async function openFixture(name: string): Promise<PackageContents> {
  const bytes = fixture(`apks/${name}`);
  const apk = await readPackage(bytes, { dialect: 'apko' });
  const entries: TarEntry[] = [];
  const contents: Uint8Array[] = [];
  for await (const { entry, content } of apk.data) {
    entries.push(entry);
    contents.push(
      content instanceof Uint8Array
        ? content
        : await collect(content, 2 ** 24, () => new Error('too long')),
    );
  }
  return {
    info: apk.info,
    apk: digestOf(bytes),
    checksum: apk.checksum,
    sizeBytes: bytes.length,
    control: apk.control.filter(({ entry }) => entry.path !== '.PKGINFO'),
    members: entries.map((entry, index) => ({ index, entry })),
    async *read(index) {
      yield await Promise.resolve(contents[index] ?? new Uint8Array(0));
    },
  };
}

function baseOf({ base }: RecordedImage): BaseImage | undefined {
  if (base === undefined) return undefined;
  return {
    packages: parseInstalledDatabase(base.installed),
    config: parseConfig(Buffer.from(base.config)),
    manifest: parseManifest(Buffer.from(base.manifest)),
  };
}

async function digestOfTar(tar: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of tar) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

describe('recorded images', () => {
  test.each(images)('$name has the layers and the configuration that apko makes', async (image) => {
    const base = baseOf(image);
    const assembled = await assemble({
      dialect: 'apko',
      config: parseImageConfig(image.config, 'apko.yaml', 'apko'),
      arch: 'x86_64',
      packages: await Promise.all(image.packages.map(openFixture)),
      world: image.world,
      keyring: [{ name: 'parity.rsa.pub', pem: fixture('parity.rsa.pub').toString() }],
      sourceDateEpochSeconds: epoch,
      buildDateSeconds: epoch,
      ...(base === undefined ? {} : { base }),
    });
    const diffIds: string[] = [];
    for (const layer of await imageLayers(assembled))
      diffIds.push(await digestOfTar(layerArchive(layer.entries)));
    const { config } = imageOf({
      dialect: 'apko',
      config: assembled.config,
      arch: 'x86_64',
      layers: image.diffIds.map((diffId) => ({
        descriptor: { mediaType: mediaTypes.layerGzip, sizeBytes: 1, digest: diffId },
        diffId,
      })),
      createdSeconds: assembled.buildDateSeconds,
      base,
    });
    expect(diffIds).toEqual(image.diffIds);
    expect(new TextDecoder().decode(config.bytes)).toBe(image.imageConfig);
  });
});
