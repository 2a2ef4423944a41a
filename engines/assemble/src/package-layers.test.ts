import { collect, compareBytes } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { readTar } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { describe, expect, test } from 'vitest';
import { assemble, imageLayers, layerArchive, layerTar } from './index.ts';
import type { AssembledTree, ImageLayer, PackageContents } from './index.ts';
import { directory, file, fixturePackage, hardlink, symlink } from './package-fixture.ts';

const layout = fixturePackage('layout', [
  directory('etc'),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
  directory('usr'),
  directory('usr/lib'),
  symlink('lib', 'usr/lib'),
]);
const tool = fixturePackage('tool', [
  directory('usr'),
  directory('usr/bin'),
  file('usr/bin/tool', 'tool', { mode: 0o755, mtimeSeconds: 77 }),
  hardlink('usr/bin/other', 'usr/bin/tool'),
  directory('lib'),
  file('lib/tool.so', 'library', { mtimeSeconds: 99 }),
]);
const cache = fixturePackage('cache', [
  directory('var', { mode: 0o750 }),
  directory('var/spool', { mode: 0o1777 }),
]);

async function build(packages: readonly PackageContents[], yaml = '{}'): Promise<AssembledTree> {
  return assemble({
    config: parseImageConfig(yaml, 'image.yaml'),
    arch: 'amd64',
    packages,
    keyring: [],
    sourceDateEpochSeconds: 1000,
  });
}

async function layersOf(...input: Parameters<typeof build>): Promise<readonly ImageLayer[]> {
  return imageLayers(await build(...input));
}

function layerFor(layers: readonly ImageLayer[], name: string): ImageLayer {
  const found = layers.find(({ packages }) => packages.some(({ info }) => info.name === name));
  if (found === undefined) throw new Error(`no layer has ${name}`);
  return found;
}

const bytesOf = (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> =>
  collect(source, 2 ** 26, () => new Error('long'));

const paths = (layer: ImageLayer): string[] => layer.entries.map(({ entry }) => entry.path);

/** Everything below a root after archives were unpacked over one another, without times of directories. */
async function unpacked(archives: readonly Uint8Array[]): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const isLink = (path: string): boolean => (found.get(path) as TarEntry)?.type === 'symlink';
  for (const archive of archives) {
    for await (const { entry, content } of readTar(archive)) {
      const bytes = content instanceof Uint8Array ? content : await bytesOf(content);
      const parents = entry.path.split('/').map((_, i, all) => all.slice(0, i).join('/'));
      expect(parents.filter((path) => isLink(path))).toEqual([]);
      const { mtimeSeconds, ...facts } = entry;
      const time = entry.type === 'directory' ? undefined : mtimeSeconds;
      found.set(entry.path, { ...facts, time, bytes: Buffer.from(bytes).toString('latin1') });
    }
  }
  return new Map([...found].toSorted(([a], [b]) => compareBytes(a, b)));
}

describe('layers by package', () => {
  test('there is one for each group of packages, and one for everything else', async () => {
    const layers = await layersOf([layout, tool]);
    expect(layers.map(({ packages }) => packages.map(({ info }) => info.name))).toEqual([
      ['layout'],
      ['tool'],
      [],
    ]);
    expect(paths(layerFor(layers, 'tool'))).toEqual([
      'usr',
      'usr/bin',
      'usr/bin/other',
      'usr/bin/tool',
      'usr/lib',
      'usr/lib/tool.so',
    ]);
    const rest = layers.at(-1);
    expect(rest && paths(rest)).toContain('usr/lib/apk/db/installed');
    expect(rest && paths(rest)).not.toContain('usr/bin');
  });

  test('unpacked over one another they are the one layer', async () => {
    const yaml = `{accounts: {users: [{username: app, uid: 70}]}, paths: [
      {path: /usr/bin/tool, type: permissions, permissions: 0o700},
      {path: /data, type: directory, permissions: 0o755}]}`;
    for (const packages of [[layout, tool, cache], [layout], [cache, layout]]) {
      const assembled = await build(
        packages,
        yaml.replace(/\{path: .usr.bin.tool.*\n/, tool === packages[1] ? '$&' : ''),
      );
      const layers = await imageLayers(assembled);
      const archives = [];
      for (const { entries } of layers) archives.push(await bytesOf(layerArchive(entries)));
      const whole = await unpacked([await bytesOf(layerTar(assembled))]);
      expect(await unpacked(archives)).toEqual(whole);
    }
  });

  test('a layer depends on its packages alone', async () => {
    const alone = layerFor(await layersOf([layout, tool]), 'tool');
    const yaml = '{accounts: {users: [{username: app, uid: 70}]}, environment: {A: b}}';
    const beside = layerFor(await layersOf([layout, cache, tool], yaml), 'tool');
    expect(await bytesOf(layerArchive(beside.entries))).toEqual(
      await bytesOf(layerArchive(alone.entries)),
    );
  });

  test('a file that the image writes anew is not in the layer of its package', async () => {
    const layers = await layersOf([layout, tool]);
    expect(paths(layerFor(layers, 'layout'))).toEqual(['lib']);
    expect(layers.at(-1)?.entries.map(({ entry }) => entry.path)).toContain('etc/passwd');
  });

  test('what is over the budget is one group, and layering without one makes one layer', async () => {
    const all = [layout, tool, cache];
    const cut = await layersOf(all, '{layering: {strategy: origin, budget: 2}}');
    expect(cut.map(({ packages }) => packages.length)).toEqual([1, 2, 0]);
    expect(await layersOf(all, '{layering: {}}')).toHaveLength(1);
  });
});
