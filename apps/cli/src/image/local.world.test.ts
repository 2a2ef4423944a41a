import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hexOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { readImageContents } from '@kiln/inspect';
import {
  descriptorOf,
  layoutBlobPath,
  layoutMarker,
  mediaTypes,
  printConfig,
  printIndex,
  printManifest,
} from '@kiln/oci';
import { fileEntry, symlinkEntry, tarBytes } from '@kiln/tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../config.ts';
import { namedImage } from './named.ts';
import { ownArchitecture } from './own-architecture.ts';

const start = process.cwd();
let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-local-image-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(start);
  fs.rmSync(folder, { recursive: true });
});

const member = (name: string, content: string | Uint8Array): ReturnType<typeof memberOf> =>
  memberOf(name, Buffer.from(content));
const memberOf = (
  name: string,
  content: Uint8Array,
): { entry: ReturnType<typeof fileEntry>; content: Uint8Array } => ({
  entry: fileEntry(name, content.length),
  content,
});

interface Made {
  readonly manifest: Digest;
  readonly layer: Digest;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** An image of one file, `etc/apk/world`. */
function made(world: string): Made {
  const blobs = new Map<Digest, Uint8Array>();
  const put = (bytes: Uint8Array, mediaType: string): ReturnType<typeof descriptorOf> => {
    const descriptor = descriptorOf(mediaType, bytes);
    blobs.set(descriptor.digest, bytes);
    return descriptor;
  };
  const archive = tarBytes([member('etc/apk/world', world)]);
  const layer = put(gzipBytes(archive), mediaTypes.layerGzip);
  const diffIds = [descriptorOf(mediaTypes.layer, archive).digest];
  const config = put(
    printConfig({ architecture: 'amd64', os: 'linux', diffIds, config: {} }),
    mediaTypes.config,
  );
  const manifest = put(
    printManifest({ mediaType: mediaTypes.manifest, config, layers: [layer] }),
    mediaTypes.manifest,
  );
  return { manifest: manifest.digest, layer: layer.digest, blobs };
}

type Files = ReadonlyMap<string, Uint8Array>;

function layoutOf(
  { blobs, manifest }: Made,
  index: unknown = { manifests: [{ digest: manifest }] },
): Files {
  const files = [...blobs].map(([digest, bytes]) => [layoutBlobPath(digest), bytes] as const);
  const texts = [
    [layoutMarker.name, layoutMarker.text] as const,
    ['index.json', JSON.stringify(index)] as const,
  ];
  return new Map([...texts.map(([name, text]) => [name, Buffer.from(text)] as const), ...files]);
}

/** As apko names what is in an archive. */
function apkoNamesOf({ blobs, layer, manifest }: Made): Files {
  const files = [...blobs].map(
    ([digest, bytes]) => [digest === layer ? `${hexOf(digest)}.tar.gz` : digest, bytes] as const,
  );
  return new Map([
    ['index.json', Buffer.from(JSON.stringify({ manifests: [{ digest: manifest }] }))],
    ...files,
  ]);
}

function writeFolder(files: Files): void {
  for (const [name, bytes] of files) {
    fs.mkdirSync(path.dirname(path.join('layout', name)), { recursive: true });
    fs.writeFileSync(path.join('layout', name), bytes);
  }
}

function writeArchive(files: Files): void {
  fs.writeFileSync('image.tar', tarBytes([...files].map(([name, bytes]) => member(name, bytes))));
}

const config = readConfig({ KILN_HOME: '/nonexistent' });
const worldOf = async (place: string): Promise<string> =>
  (await readImageContents(namedImage(config, place), ownArchitecture)).world;

test.each(['layout/', './layout', 'image.tar', './image.tar'])('an image at %s', async (place) => {
  const image = made('tool\n');
  writeFolder(layoutOf(image));
  writeArchive(layoutOf(image));
  expect(await worldOf(place)).toBe('tool\n');
  const source = namedImage(config, place);
  expect([source.text, await source.resolve()]).toEqual([place, image.manifest]);
  expect(await source.listReferrers(image.manifest)).toEqual([]);
  const other = made('other\n');
  expect(await source.readManifest(other.manifest)).toBeUndefined();
  expect(await source.readBlob(other.layer)).toBeUndefined();
});

test('an archive with the names that apko gives', async () => {
  writeArchive(apkoNamesOf(made('tool\n')));
  expect(await worldOf('image.tar')).toBe('tool\n');
});

test('of several images the one for this machine', async () => {
  const [own, other] = [made('own\n'), made('other\n')];
  const wanted = process.arch === 'x64' ? 'amd64' : process.arch;
  const manifests = [
    { digest: other.manifest, platform: { architecture: 's390x' } },
    { digest: own.manifest, platform: { architecture: wanted } },
  ];
  const blobs = new Map([...own.blobs, ...other.blobs]);
  writeFolder(layoutOf({ ...own, blobs }, { manifests }));
  expect(await worldOf('layout/')).toBe('own\n');
});

test('the image among the lists of referrers that were copied with it', async () => {
  const image = made('tool\n');
  const list = Buffer.from(printIndex({ mediaType: mediaTypes.index, manifests: [] }));
  const { digest } = descriptorOf(mediaTypes.index, list);
  const blobs = new Map([...image.blobs, [digest, list] as const]);
  const named = (one: Digest, tag: string): object => ({
    digest: one,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  });
  const manifests = [
    named(digest, `sha256-${hexOf(image.manifest)}`),
    named(digest, `sha256-${hexOf(image.manifest)}.sig`),
    named(image.manifest, 'sha256-is-a-tag-too'),
  ];
  writeFolder(layoutOf({ ...image, blobs }, { manifests }));
  expect(await worldOf('layout/')).toBe('tool\n');
});

test('a name without a place is one of a registry', () => {
  writeFolder(layoutOf(made('tool\n')));
  expect(namedImage(config, 'layout').text).toBe('localhost:7420/layout');
  expect(namedImage(config, 'image.tar').text).toBe('localhost:7420/image.tar');
});

describe('what is no image is refused:', () => {
  test.each(['nothing/', './nothing', '/nothing.tar', '../'])('%s', (place) => {
    expect(() => namedImage(config, place)).toThrow(
      expect.objectContaining({ code: 'IMAGE_NOT_FOUND' }),
    );
  });

  test.each([
    ['no index', undefined],
    ['an index that is no JSON', '{'],
    ['an index of nothing', '{"manifests": []}'],
    ['an index without a list', '{"manifests": {"digest": 1}}'],
    ['an index of what is no digest', '{"manifests": [{"digest": "sha256:../../etc/passwd"}]}'],
    ['an index that is null', 'null'],
    ['an index that is huge', ' '.repeat(5 * 2 ** 20)],
  ])('%s', async (_, index) => {
    const files = new Map(layoutOf(made('tool\n')));
    files.delete('index.json');
    if (index !== undefined) files.set('index.json', Buffer.from(index));
    writeFolder(files);
    writeArchive(files);
    for (const place of ['layout/', 'image.tar'])
      await expect(worldOf(place)).rejects.toMatchObject({ code: 'IMAGE_CONTENT' });
  });

  test('a layer or a manifest that is not what its digest says, or is not there', async () => {
    const image = made('tool\n');
    for (const digest of [image.layer, image.manifest])
      for (const bytes of [
        made('look\n').blobs.values().next().value,
        gzipBytes(Buffer.alloc(1024, 'no archive')),
        undefined,
      ]) {
        const blobs = new Map(image.blobs);
        blobs.delete(digest);
        if (bytes !== undefined) blobs.set(digest, bytes);
        writeArchive(layoutOf({ ...image, blobs }));
        await expect(worldOf('image.tar')).rejects.toMatchObject({
          code: 'IMAGE_CONTENT',
          message: `${digest} is missing or is not what it says`,
        });
      }
  });

  test('a link in place of a file', async () => {
    const files = layoutOf(made('tool\n'));
    const members = [...files].map(([name, bytes]) =>
      name === 'index.json'
        ? { entry: symlinkEntry(name, '/etc/passwd'), content: new Uint8Array(0) }
        : member(name, bytes),
    );
    fs.writeFileSync('image.tar', tarBytes(members));
    await expect(worldOf('image.tar')).rejects.toMatchObject({ code: 'IMAGE_CONTENT' });
  });

  test('an archive that ends early', async () => {
    writeArchive(layoutOf(made('tool\n')));
    fs.truncateSync('image.tar', 1000);
    expect(() => namedImage(config, 'image.tar')).toThrow(
      expect.objectContaining({ code: 'TAR_TRUNCATED' }),
    );
  });
});
