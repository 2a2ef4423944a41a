import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readPackage } from '@kiln/apk';
import { collect } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { mediaTypes } from '@kiln/oci';
import { describe, expect, test } from 'vitest';
import { assemble, imageOf, layerTar } from './index.ts';
import type { PackageContents } from './index.ts';

interface RecordedImage {
  readonly name: string;
  readonly config: string;
  readonly world: readonly string[];
  readonly packages: readonly string[];
  readonly diffId: Digest;
  readonly imageConfig: string;
}

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../testdata/${name}`, import.meta.url));
const images = JSON.parse(fixture('images.json').toString()) as RecordedImage[];
const epoch = 1_700_000_000;

async function openFixture(name: string): Promise<PackageContents> {
  const bytes = fixture(`apks/${name}`);
  const apk = await readPackage(bytes, { dialect: 'apko' });
  const entries: PackageContents['members'][number]['entry'][] = [];
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
    checksum: apk.checksum,
    sizeBytes: bytes.length,
    control: apk.control.filter(({ entry }) => entry.path !== '.PKGINFO'),
    members: entries.map((entry, index) => ({ index, entry })),
    async *read(index) {
      yield await Promise.resolve(contents[index] ?? new Uint8Array(0));
    },
  };
}

describe('recorded images', () => {
  test.each(images)('$name has the layer and the configuration that apko makes', async (image) => {
    const assembled = await assemble({
      dialect: 'apko',
      config: parseImageConfig(image.config, 'apko.yaml', 'apko'),
      arch: 'x86_64',
      packages: await Promise.all(image.packages.map(openFixture)),
      world: image.world,
      keyring: [{ name: 'parity.rsa.pub', pem: fixture('parity.rsa.pub').toString() }],
      sourceDateEpochSeconds: epoch,
      buildDateSeconds: epoch,
    });
    const hash = createHash('sha256');
    for await (const chunk of layerTar(assembled)) hash.update(chunk);
    const { config } = imageOf({
      dialect: 'apko',
      config: assembled.config,
      arch: 'x86_64',
      layers: [
        {
          descriptor: { mediaType: mediaTypes.layerGzip, sizeBytes: 1, digest: image.diffId },
          diffId: image.diffId,
        },
      ],
      createdSeconds: assembled.buildDateSeconds,
    });
    expect(`sha256:${hash.digest('hex')}`).toBe(image.diffId);
    expect(new TextDecoder().decode(config.bytes)).toBe(image.imageConfig);
  });
});
