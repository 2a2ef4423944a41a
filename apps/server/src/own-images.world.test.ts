import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Digest } from '@kiln/base';
import { digestOf, silentLogger } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { ActionResult, ImageResult, KeyState } from '@kiln/factory';
import { MemoryRegistryState } from '@kiln/factory';
import { imageKeyPair } from '@kiln/trust/testing';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiPlugin } from './api/plugin.ts';
import type { ApiOptions } from './api/routes.ts';
import type { FixtureVersion } from './image-version-fixture.ts';
import { publishVersion } from './image-version-fixture.ts';
import { OwnImages } from './own-images.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'kiln-own-images-'));
const key = imageKeyPair();
const registry = new MemoryRegistryState({ clock: { now: () => 7 } });
const blobs = new MemoryBlobs();
const factory = { registry, blobs, privateKey: key.privateKey };
const action = digestOf('action');
let present: ImageResult;
let before: ImageResult;
/** Layers that were read. */
const layersRead: Digest[] = [];
let server: FastifyInstance;

const app: FixtureVersion = {
  name: 'app',
  tags: ['latest'],
  asked: ['app'],
  packages: [
    { name: 'zlib', version: '1-r0', provides: ['so:libz.so.1=1'] },
    { name: 'app', version: '1-r0', depends: ['so:libz.so.1'] },
    { name: 'gone', version: '1-r0' },
  ],
  config: { user: '65532', env: ['PATH=/bin'], labels: { __proto__x: '1', a: 'b' } },
};

beforeAll(async () => {
  writeFileSync(path.join(folder, 'image.pub'), key.publicPem);
  before = await publishVersion(factory, app);
  present = await publishVersion(factory, {
    ...app,
    packages: [
      { name: 'zlib', version: '1.1-r0', provides: ['so:libz.so.1=1'] },
      { name: 'app', version: '1-r0', checksum: 'Q1other', depends: ['so:libz.so.1', 'new'] },
      { name: 'new', version: '1-r0' },
    ],
    config: { ...app.config, user: '', entrypoint: ['/bin/app', '\u001b[2J'] },
  });
  const records = {
    state: async (asked: string) =>
      asked === 'image:app'
        ? ({ key: asked, action, status: 'ready', updatedAt: 1 } as unknown as KeyState)
        : undefined,
    action: async (): Promise<ActionResult> => present,
  };
  const watched = {
    stat: blobs.stat.bind(blobs),
    bytes: blobs.bytes.bind(blobs),
    read: (digest: Digest) => {
      if ([before, present].some(({ layers }) => layers[0]?.digest === digest))
        layersRead.push(digest);
      return blobs.read(digest);
    },
  };
  const images = new OwnImages({
    records,
    registry,
    blobs: watched,
    publicKey: path.join(folder, 'image.pub'),
    registryAddress: () => 'localhost:1',
  });
  const api = {
    views: { records, registry, blobs },
    images,
    addresses: () => ({ registry: 'localhost:1', key: '/key' }),
  } as unknown as ApiOptions;
  server = Fastify();
  await server.register(async (scope) => apiPlugin(scope, { api, log: silentLogger }), {
    prefix: '/api',
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const ask = (url: string, headers = {}): Promise<LightMyRequestResponse> =>
  server.inject({ url: `/api/images/${url}`, headers: { host: 'localhost', ...headers } });

async function answer(url: string): Promise<unknown> {
  return (await ask(url)).json();
}

test('an image says what is set, and nothing of what is not', async () => {
  expect(await answer('app')).toMatchObject({
    settings: {
      os: 'linux',
      architecture: 'amd64',
      variant: '',
      user: '',
      entrypoint: ['/bin/app', '\u001b[2J'],
      command: [],
      workingDirectory: '',
      stopSignal: '',
      environment: [{ name: 'PATH', value: '/bin' }],
      labels: [
        { name: '__proto__x', value: '1' },
        { name: 'a', value: 'b' },
      ],
    },
  });
});

test('a package is there because of what the configuration asks for; a version is read once', async () => {
  const digest = present.index;
  expect(await answer('app/why?package=zlib')).toEqual({
    reference: `localhost:1/app@${digest}`,
    digest,
    package: 'zlib',
    why: [
      { package: 'app', version: '1-r0', kind: 'asked', meets: 'app', neededBy: [] },
      { package: 'zlib', version: '1.1-r0', kind: 'needed', meets: 'so:libz.so.1', neededBy: [] },
    ],
  });
  await Promise.all(['app', 'new', 'zlib'].map((name) => answer(`app/why?package=${name}`)));
  expect(layersRead).toEqual([present.layers[0]?.digest]);
  expect(await answer(`app/why?package=zlib&digest=${before.index}`)).toMatchObject({
    digest: before.index,
    why: [{}, { version: '1-r0' }],
  });
});

test('two versions differ in packages, with the way to each, and in settings', async () => {
  const difference = await answer(`app/diff?from=${before.index}&to=${present.index}`);
  expect(difference).toMatchObject({
    from: { reference: `localhost:1/app@${before.index}`, digest: before.index },
    to: { digest: present.index },
    packages: [
      { name: 'app', change: 'rebuilt', from: '1-r0', to: '1-r0' },
      { name: 'gone', change: 'removed', from: '1-r0', to: '', why: [{ kind: 'unneeded' }] },
      { name: 'new', change: 'added', from: '', to: '1-r0', why: [{}, { package: 'new' }] },
      { name: 'zlib', change: 'changed', from: '1-r0', to: '1.1-r0', why: [{}, {}] },
    ],
    settings: [
      { setting: 'entrypoint', from: null, to: JSON.stringify(['/bin/app', '\u001b[2J']) },
      { setting: 'user', from: '65532', to: null },
    ],
  });
  expect(await answer(`app/diff?from=${present.index}&to=${present.index}`)).toMatchObject({
    packages: [],
    settings: [],
  });
});

test('the bill is the one that was signed, as a file, and is not sent again to whoever has it', async () => {
  const first = await ask('app/sbom');
  expect(first.json()).toEqual({
    packages: [{ name: 'zlib' }, { name: 'app' }, { name: 'new' }],
    spdxVersion: 'SPDX-2.3',
  });
  expect(first.headers).toMatchObject({
    'content-type': 'application/spdx+json',
    'content-disposition': `attachment; filename="app-${present.index.slice(7, 19)}.spdx.json"`,
    'x-content-type-options': 'nosniff',
    etag: `"${digestOf(first.rawPayload)}"`,
  });
  const again = await ask('app/sbom', { 'if-none-match': first.headers.etag });
  expect([again.statusCode, again.payload]).toEqual([304, '']);
  const old = await ask(`app/sbom?digest=${before.index}`, { 'if-none-match': first.headers.etag });
  expect(old.statusCode).toBe(200);
  expect(old.json()).toMatchObject({ packages: [{}, {}, { name: 'gone' }] });
});

test('a bill that another key signed does not count', async () => {
  writeFileSync(path.join(folder, 'image.pub'), imageKeyPair().publicPem);
  expect(await answer('app/sbom')).toMatchObject({ error: { code: 'VERIFY_FAILED' } });
  writeFileSync(path.join(folder, 'image.pub'), key.publicPem);
});

test('what is pushed beside an image is not told of, nor what is no longer kept', async () => {
  const untagged = await publishVersion(factory, { ...app, tags: [], packages: [] });
  expect(await answer(`app/why?package=app&digest=${untagged.index}`)).toMatchObject({
    error: { code: 'IMAGE_NOT_FOUND', message: expect.stringMatching(/^no tag of app ever /) },
  });
  const dropped = await publishVersion(factory, { ...app, tags: ['old'], packages: [] });
  await registry.deleteManifest('app', dropped.index);
  const gone = await ask(`app/diff?from=${dropped.index}&to=${present.index}`);
  expect([gone.statusCode, gone.json()]).toMatchObject([
    404,
    {
      error: {
        code: 'IMAGE_NOT_FOUND',
        message: `app does not have ${dropped.index} any more`,
        hint: 'kiln image history app lists the versions',
      },
    },
  ]);
});

test('the versions that were asked for last are kept, and others are read again', async () => {
  const ask = (digest: Digest): Promise<unknown> => answer(`app/why?package=app&digest=${digest}`);
  await ask(before.index);
  const known = layersRead.length;
  const others = Array.from({ length: 16 }, (_, at) => ({ 'etc/number': String(at) }));
  for (const [at, files] of others.entries()) {
    const { index } = await publishVersion(factory, { ...app, tags: ['latest'], files });
    await ask(index);
    // The one that is asked for in between stays.
    if (at < 15) await ask(before.index);
  }
  expect(layersRead).toHaveLength(known);
  await ask(present.index);
  await ask(before.index);
  expect(layersRead).toEqual([...layersRead.slice(0, known), present.layers[0]?.digest]);
});

test.each([
  ['app/why?package=zlb', 404, 'IMAGE_PACKAGE_NOT_FOUND'],
  ['app/why', 400, 'API_INVALID'],
  ['app/why?package=', 400, 'API_INVALID'],
  ['app/why?package=a&package=b', 400, 'API_INVALID'],
  ['app/why?package=%00', 400, 'API_INVALID'],
  [`app/why?package=${'a'.repeat(1001)}`, 400, 'API_INVALID'],
  ['app/why?package=app&digest=latest', 400, 'DIGEST_INVALID'],
  ['none/why?package=app', 404, 'API_NOT_FOUND'],
  ['%00/why?package=app', 400, 'API_INVALID'],
  [`app/diff?from=${digestOf('')}`, 400, 'API_INVALID'],
  [`app/diff?from=${digestOf('')}&to=x`, 400, 'DIGEST_INVALID'],
  [`app/diff?from=${digestOf('')}&to=${digestOf('')}`, 404, 'IMAGE_NOT_FOUND'],
  ['app/sbom?format=toys', 400, 'API_INVALID'],
  ['app/sbom?format=cyclonedx', 404, 'IMAGE_SBOM_NOT_FOUND'],
  ['app/sbom?digest=', 400, 'DIGEST_INVALID'],
  ['none/sbom', 404, 'API_NOT_FOUND'],
])('%s is refused', async (url, status, code) => {
  const refused = await ask(url);
  expect([refused.statusCode, refused.json()]).toMatchObject([status, { error: { code } }]);
});

test('whoever mistypes a package learns the nearest name', async () => {
  expect(await answer('app/why?package=zlb')).toMatchObject({
    error: { hint: expect.stringMatching(/^did you mean zlib\? /) },
  });
});

test('an image that is damaged is said to be so', async () => {
  const broken = await publishVersion(factory, {
    ...app,
    packages: [{ name: 'broken', version: '1-r0' }],
  });
  await blobs.delete(broken.layers[0]?.digest ?? digestOf(''));
  expect(await answer(`app/why?package=broken&digest=${broken.index}`)).toMatchObject({
    error: { code: 'IMAGE_CONTENT' },
  });
});
