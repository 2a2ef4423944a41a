import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mediaTypes, parseManifest } from '@kiln/oci';
import { installClients, run } from '@kiln/test-clients';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';
import { workOf } from './work-done.ts';

let factory: Factory;
let clients: Readonly<Record<'crane' | 'skopeo' | 'umoci', string>>;

beforeAll(async () => {
  clients = await installClients(['crane', 'skopeo', 'umoci']);
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
}, 1_200_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

/** The names of all segments that the factory keeps. */
function segments(): ReadonlySet<string> {
  const folder = path.join(factory.home, 'segments');
  if (!fs.existsSync(folder)) return new Set();
  return new Set(
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile() && !one.name.endsWith('.tmp'))
      .map(({ name }) => name),
  );
}

async function untilSegments(count: number): Promise<ReadonlySet<string>> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = segments();
    if (found.size === count) return found;
    if (performance.now() > deadline || found.size > count)
      throw new Error(`there are ${found.size} segments, not ${count}`);
    await sleep(100);
  }
}

/** A package with a file of three segments, one of one that is too small to be kept in zstd, and a small one. */
function writeRecipe(name: string): void {
  factory.write(
    `recipes/${name}.yaml`,
    `package:
  name: ${name}
  version: 1.0
  epoch: 0
  description: Files of some size
  copyright: [{license: CC0-1.0}]
pipeline:
  - runs: |
      mkdir -p \${{targets.destdir}}/usr/share/${name}
      cd \${{targets.destdir}}/usr/share/${name}
      seq 400000 > large
      seq 4000 > medium
      echo ${name} > small
`,
  );
}

function writeImage(name: string): void {
  factory.write(
    `images/${name}.yaml`,
    `contents: {packages: [baselayout, ${name}]}\narchs: [x86_64]\n`,
  );
  factory.write(
    `images/${name}.test.yaml`,
    `environment: {contents: {packages: [busybox]}}\npipeline: [{runs: grep ${name} /usr/share/${name}/small}]\n`,
  );
}

const layerTypes = async (name: string): Promise<ReadonlySet<string>> => {
  const { manifest } = await factory.image(name);
  const { layers } = parseManifest(fs.readFileSync(factory.blobFile(manifest)));
  return new Set(layers.map(({ mediaType }) => mediaType));
};

const digests = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await factory.images()).map((image) => [image.name, image.digest]));

/**
 * Publishes a package, of which so many segments are made ahead, then makes the first image with it; returns the segments that this
 * compressed.
 */
async function firstImageOf(name: string, ahead: number): Promise<readonly string[]> {
  const before = segments();
  writeRecipe(name);
  await factory.up();
  const published = await untilSegments(before.size + ahead);
  writeImage(name);
  await factory.up();
  return [...segments()].filter((one) => !published.has(one));
}

test('the first image with a package compresses none of its files: they are so in the package', async () => {
  expect(await firstImageOf('sized', 0)).toEqual([]);
  expect(await layerTypes('sized')).toEqual(new Set([mediaTypes.layerGzip]));
});

test('a catalog that says so has layers of zstd: images are made again, and nothing else', async () => {
  const before = await digests();
  const setting = '\nimages: {compression: zstd}\n';
  factory.write('catalog.yaml', factory.read('catalog.yaml') + setting);
  const work = await workOf(factory, async () => void (await factory.up()));
  const names = Object.keys(before).sort();
  expect([...work].sort()).toEqual(names.map((name) => `image:${name}`));
  const after = await digests();
  for (const name of names) {
    expect(after[name]).not.toBe(before[name]);
    expect(await layerTypes(name)).toEqual(new Set([mediaTypes.layerZstd]));
  }
  factory.edit('catalog.yaml', setting, '');
  await factory.up();
  expect(await digests()).toEqual(before);
  factory.write('catalog.yaml', factory.read('catalog.yaml') + setting);
  await factory.up();
  expect(await digests()).toEqual(after);
});

test('then the segments of a package are of zstd, and the first image takes these', async () => {
  expect(await firstImageOf('measured', 3)).toEqual([]);
  expect(await layerTypes('measured')).toEqual(new Set([mediaTypes.layerZstd]));
});

test('strangers read such an image, and Kiln does', async () => {
  const { registry } = await factory.status();
  const alone = { env: { HOME: path.join(factory.directory, 'client') } };
  const exported = path.join(factory.directory, 'exported.tar');
  const exporting = ['export', '--insecure', `${registry}/greeter:latest`, exported];
  await run(clients.crane, exporting, alone);
  expect(await run('tar', ['-tf', exported])).toContain('usr/bin/greeter\n');
  const [plain, layout] = ['plain', 'layout'].map((one) => path.join(factory.directory, one));
  const from = `docker://${registry}/greeter:latest`;
  // umoci reads zstd since 0.5: skopeo decompresses the layers for it.
  for (const words of [
    ['--src-tls-verify=false', '--dest-decompress', from, `dir:${plain}`],
    [`dir:${plain}`, `oci:${layout}:greeter`],
  ])
    await run(clients.skopeo, ['copy', ...words], alone);
  const bundle = path.join(factory.directory, 'bundle');
  await run(clients.umoci, ['unpack', '--rootless', '--image', `${layout}:greeter`, bundle], alone);
  expect(fs.existsSync(path.join(bundle, 'rootfs/usr/bin/greeter'))).toBe(true);
  expect(await factory.succeed(['image', 'run', 'greeter'])).toBe('hello, world\n');
  expect(await factory.succeed(['verify', 'greeter'])).toContain('provenance');
  expect(await factory.succeed(['image', 'why', 'greeter', '/usr/bin/greeter'])).toContain(
    'greeter',
  );
});

test('a configuration of the catalog is without the factory the same image, when it is compressed so', async () => {
  const config = path.join(factory.catalog, 'images/measured.yaml');
  const output = ['-o', path.join(factory.directory, 'measured.tar'), '--compression', 'zstd'];
  const made = await factory.json<{ readonly digest: string }>(
    'image',
    'build',
    config,
    '--no-vcs',
    ...output,
  );
  expect(made.digest).toBe((await factory.image('measured')).digest);
});

test('what is composed of such an image is compressed so, shares its layers, and says how it was made', async () => {
  const words = ['image', 'compose', 'greeter', '--to', 'custom/greeter:mine', '--env', 'A=b'];
  const { digest } = await factory.json<{ readonly digest: string }>(...words);
  const { registry } = await factory.status();
  const alone = { env: { HOME: path.join(factory.directory, 'client') } };
  const name = `${registry}/custom/greeter@${digest}`;
  const { layers } = parseManifest(
    Buffer.from(await run(clients.crane, ['manifest', '--insecure', name], alone)),
  );
  expect(new Set(layers.map(({ mediaType }) => mediaType))).toEqual(
    new Set([mediaTypes.layerZstd]),
  );
  const base = await factory.image('greeter');
  const shared = base.layers.slice(0, -1).map((layer) => layer.digest);
  expect(layers.slice(0, -1).map((layer) => layer.digest)).toEqual(shared);
  expect(await factory.succeed(['image', 'run', 'custom/greeter:mine'])).toBe('hello, world\n');
  expect(await factory.succeed(['verify', 'custom/greeter:mine'])).toContain('ok   provenance');
});
