import { gzipBytes } from '@kiln/gzip';
import type { Descriptor } from '@kiln/oci';
import { mediaTypes } from '@kiln/oci';
import { tarBytes } from '@kiln/tar';
import { expect, test } from 'vitest';
import { ImageFixture, fileMember } from './image-fixture.ts';
import type { PackageDatabase, PackageDatabaseLimits } from './package-database.ts';
import { readPackageDatabase } from './package-database.ts';

const fixture = new ImageFixture();
const installed = (name: string): string => `P:${name}\nV:1-r0\n\n`;

function layer(files: Readonly<Record<string, string>>): Descriptor {
  const members = Object.entries(files).map(([path, text]) => fileMember(path, text));
  return fixture.put(gzipBytes(tarBytes(members)), mediaTypes.layerGzip);
}

const read = (
  layers: readonly Descriptor[],
  limits: Partial<PackageDatabaseLimits> = {},
): Promise<PackageDatabase> =>
  readPackageDatabase(fixture.image(layers), layers, {
    layersBytesMax: 2 ** 20,
    fileBytesMax: 2 ** 16,
    ...limits,
  });

const database = 'usr/lib/apk/db/installed';
const below = layer({ [database]: installed('old'), 'etc/apk/world': 'old\n' });
const listing = layer({ 'etc/apk/world': 'tool\n', [database]: installed('tool') });
const above = layer({ 'bin/more': 'more' });

test('the topmost list of packages counts, and the layers below it are not read', async () => {
  fixture.blobs.delete(below.digest);
  const { packages, world } = await read([below, listing, above]);
  expect(packages.map(({ name }) => name)).toEqual(['tool']);
  expect(world).toBe('tool\n');
});

test('an image without packages has none', async () => {
  expect(await read([above])).toEqual({ packages: [], world: '' });
  expect(await read([])).toEqual({ packages: [], world: '' });
});

test('a layer that is damaged, and what is larger than it may be, is refused', async () => {
  const refused = { code: 'IMAGE_CONTENT' };
  await expect(read([listing], { fileBytesMax: 10 })).rejects.toMatchObject(refused);
  await expect(read([listing], { layersBytesMax: 1_000 })).rejects.toMatchObject(refused);
  fixture.blobs.set(listing.digest, gzipBytes(tarBytes([])));
  await expect(read([listing])).rejects.toMatchObject(refused);
});
