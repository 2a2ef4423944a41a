import fs from 'node:fs';
import path from 'node:path';
import type { PackageSummary } from '@kiln/server/schemas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Factory, repository } from './factory.ts';
import { warmHome } from './warm-home.ts';

let factory: Factory;
let clone: string;

beforeAll(async () => {
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  clone = path.join(factory.directory, 'clone');
  fs.mkdirSync(clone);
  fs.symlinkSync(path.join(repository, 'kiln'), path.join(clone, 'kiln'));
}, 600_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

/** The fenced blocks of a page, in order. */
function blocksOf(page: string): readonly { readonly language: string; readonly text: string }[] {
  return [...page.matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
  }));
}

test('the page "Your first image" does what it says, command by command', async () => {
  const page = fs.readFileSync(path.join(repository, 'docs/first-image.md'), 'utf8');
  const commands = blocksOf(page).filter((block) => block.language === 'sh');
  expect(commands.length).toBeGreaterThanOrEqual(4);
  const said: string[] = [];
  for (const { text } of commands) {
    const result = await factory.startProgram(['sh', '-eu', '-c', text], {
      cwd: clone,
      timeoutMs: 300_000,
    }).result;
    expect(result.exitCode, `${text}${result.stderr}${result.stdout}`).toBe(0);
    said.push(result.stdout);
  }
  for (const { text } of blocksOf(page).filter((block) => block.language === ''))
    expect(said).toContain(text);
});

const editHello = (file: string, from: string, to: string): void => {
  const target = path.join(clone, 'my-catalog', file);
  const before = fs.readFileSync(target, 'utf8');
  expect(before).toContain(from);
  fs.writeFileSync(
    target,
    before.replace(from, () => to),
  );
};

test('a change of one’s own recipe is seen and comes out at the other end', async () => {
  const before = (await factory.image('hello')).digest;
  editHello('recipes/hello/hello.c', '"hello, %s\\n"', '"hello, %s!\\n"');
  editHello('images/hello.test.yaml', '"hello, Kiln"', '"hello, Kiln!"');
  await factory.up('--catalog', path.join(clone, 'my-catalog'), '--only', 'hello');
  expect((await factory.image('hello')).digest).not.toBe(before);
  expect(await factory.succeed(['image', 'run', 'hello', '--', 'you'])).toBe('hello, you!\n');
});

test('a broken test of one’s own leaves the tag where it was', async () => {
  const before = (await factory.image('hello')).digest;
  editHello('images/hello.test.yaml', '"hello, Kiln!"', '"good bye"');
  const words = ['up', '--catalog', path.join(clone, 'my-catalog'), '--only', 'hello'];
  const broken = await factory.kiln(words);
  expect([broken.exitCode, broken.stdout]).toEqual([1, expect.stringContaining('image:hello')]);
  expect((await factory.image('hello')).digest).toBe(before);
  editHello('images/hello.test.yaml', '"good bye"', '"hello, Kiln!"');
  await factory.up(...words.slice(1));
});

test('its packages are in a repository of their own, beside the other', async () => {
  const rows = await factory.json<PackageSummary[]>('package', 'ls');
  expect(rows.find((row) => row.name === 'hello')?.repository).toBe('my-catalog');
  const { console: base } = await factory.status();
  const index = await fetch(`${base}apk/my-catalog/x86_64/APKINDEX.tar.gz`);
  await index.arrayBuffer();
  expect(index.status).toBe(200);
});

interface Signed {
  readonly dsseEnvelope: { readonly payload: string };
}

/** What a signed statement of provenance says something was made of. */
async function madeOf(address: string): Promise<readonly string[]> {
  const { dsseEnvelope } = (await (await fetch(address)).json()) as Signed;
  const { predicate } = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()) as {
    predicate: { buildDefinition: { resolvedDependencies: { uri?: string }[] } };
  };
  return predicate.buildDefinition.resolvedDependencies.map(({ uri = '' }) => uri);
}

test('provenance names the vendor of each package, those of the other catalog too', async () => {
  const { console: base } = await factory.status();
  const file = 'hello-1.0.0-r0.apk.provenance.sigstore.json';
  const environment = await madeOf(`${base}apk/my-catalog/x86_64/${file}`);
  expect(environment).toEqual(
    expect.arrayContaining([expect.stringMatching(/^pkg:apk\/fixture\/build-base@/)]),
  );
  const { digest } = await factory.image('hello');
  const { layers } = await referrer(base, digest, 'https://slsa.dev/provenance/v1');
  const image = await madeOf(`${base}v2/hello/blobs/${layers[0]?.digest}`);
  expect(image).toContain('pkg:apk/my-catalog/hello@1.0.0-r0?arch=x86_64');
  expect(image).toEqual(
    expect.arrayContaining([expect.stringMatching(/^pkg:apk\/fixture\/baselayout@/)]),
  );
  for (const uri of [...environment, ...image])
    if (uri.startsWith('pkg:apk/my-catalog/')) expect(uri).toContain('/hello@');
});

/** The manifest of a statement about the image `hello`. */
async function referrer(
  base: string,
  digest: string,
  predicateType: string,
): Promise<{ readonly layers: readonly { readonly digest: string }[] }> {
  const index = (await (await fetch(`${base}v2/hello/referrers/${digest}`)).json()) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const found = index.manifests.find(
    ({ annotations }) => annotations?.['dev.sigstore.bundle.predicateType'] === predicateType,
  );
  const manifest = await fetch(`${base}v2/hello/manifests/${found?.digest}`);
  return (await manifest.json()) as { layers: { digest: string }[] };
}

test('without --only everything of both catalogs is built', async () => {
  await factory.up('--catalog', path.join(clone, 'my-catalog'));
  expect((await factory.images()).map((image) => image.name)).toEqual([
    'greeter',
    'hello',
    'shell',
    'static',
  ]);
});

test('init makes nothing in a folder that holds something', async () => {
  const again = await factory.kiln(['init', path.join(clone, 'my-catalog')]);
  expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('INIT_NOT_EMPTY')]);
});

test('a catalog that is not there is named', async () => {
  const result = await factory.kiln(['up', '--catalog', path.join(clone, 'nowhere')]);
  expect([result.exitCode, result.stdout]).toEqual([4, '']);
  expect(result.stderr).toMatch(/^error\[CATALOG_NOT_FOUND\]: .*nowhere\nhint: .*kiln init/);
  expect((await factory.status()).problems).toEqual([]);
});
