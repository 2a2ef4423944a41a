import fs from 'node:fs';
import type { PackageDetail } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';
import { workOf } from './work-done.ts';

let factory: Factory;
let base: string;

beforeAll(async () => {
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
  base = `http://${(await factory.status()).registry}`;
}, 600_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

/** `kiln resync`, until the catalog is as desired again. */
const resync = (): Promise<readonly string[]> =>
  workOf(factory, async () => {
    await factory.succeed(['resync']);
    await factory.until('convergence', (status) => status.converged);
  });

const answerOf = async (route: string): Promise<number> => {
  const response = await fetch(`${base}${route}`);
  await response.arrayBuffer();
  return response.status;
};

const digestNow = async (name: string): Promise<string | null> =>
  (await fetch(`${base}/v2/${name}/manifests/latest`, { method: 'HEAD' })).headers.get(
    'docker-content-digest',
  );

describe('a resync brings back', () => {
  test('a tag', async () => {
    const before = await digestNow('static');
    const deleted = await fetch(`${base}/v2/static/manifests/latest`, { method: 'DELETE' });
    expect(deleted.status).toBe(202);
    await resync();
    expect(await digestNow('static')).toBe(before);
  });

  test('the file of a layer', async () => {
    const { layers } = await factory.image('greeter');
    const digest = layers[0]?.digest ?? '';
    fs.rmSync(factory.blobFile(digest));
    expect(await answerOf(`/v2/greeter/blobs/${digest}`)).toBe(404);
    expect(await resync()).toEqual(['image:greeter']);
    expect(await answerOf(`/v2/greeter/blobs/${digest}`)).toBe(200);
    expect(await factory.succeed(['image', 'run', 'greeter'])).toBe('hello, world\n');
  });

  test('the file of a manifest', async () => {
    const { manifest } = await factory.image('static');
    fs.rmSync(factory.blobFile(manifest));
    expect(await answerOf(`/v2/static/manifests/${manifest}`)).toBe(404);
    expect(await resync()).toEqual(['image:static']);
    expect(await answerOf(`/v2/static/manifests/${manifest}`)).toBe(200);
  });

  test('the file of an attestation', async () => {
    const { attachments, digest } = await factory.image('shell');
    const lost =
      attachments.find((one) => one.subject === digest && one.predicateType.includes('spdx'))
        ?.manifest ?? '';
    fs.rmSync(factory.blobFile(lost));
    expect((await factory.kiln(['verify', 'shell'])).exitCode).not.toBe(0);
    expect(await resync()).toEqual(['image:shell']);
    expect((await factory.image('shell')).digest).toBe(digest);
    expect(await factory.succeed(['verify', 'shell'])).toContain('verified');
  });

  test('an attestation that was deleted through the registry', async () => {
    const { attachments, digest } = await factory.image('shell');
    const lost = attachments.find((one) => one.subject === digest)?.manifest ?? '';
    const deleted = await fetch(`${base}/v2/shell/manifests/${lost}`, { method: 'DELETE' });
    await deleted.arrayBuffer();
    await resync();
    const listed = (await (await fetch(`${base}/v2/shell/referrers/${digest}`)).json()) as {
      manifests: { digest: string }[];
    };
    expect(listed.manifests.map((one) => one.digest)).toContain(lost);
    expect(await factory.succeed(['verify', 'shell'])).toContain('verified');
  });

  test('the file of a package', async () => {
    const { apk } = await factory.json<PackageDetail>('package', 'show', 'tables-seven');
    const { packages } = await factory.status();
    const url = `${packages}/x86_64/tables-seven-2.0-r0.apk`;
    fs.rmSync(factory.blobFile(apk));
    expect((await fetch(url)).status).toBe(404);
    expect(await resync()).toEqual(['package:tables@x86_64']);
    const served = await fetch(url);
    expect([served.status, (await served.arrayBuffer()).byteLength > 100]).toEqual([200, true]);
  });

  test('the file of the index', async () => {
    const { packages } = await factory.status();
    const url = `${packages}/x86_64/APKINDEX.tar.gz`;
    const before = Buffer.from(await (await fetch(url)).arrayBuffer());
    const { createHash } = await import('node:crypto');
    fs.rmSync(factory.blobFile(`sha256:${createHash('sha256').update(before).digest('hex')}`));
    expect((await fetch(url)).status).toBe(404);
    await resync();
    const after = await fetch(url);
    expect([after.status, (await after.arrayBuffer()).byteLength]).toEqual([200, before.length]);
  });
});

test('what the catalog asked for is kept by a down and an up', async () => {
  const before = await factory.images();
  await factory.succeed(['down']);
  expect((await factory.kiln(['status'])).stderr).toContain('FACTORY_NOT_RUNNING');
  await factory.up();
  const stable = (images: typeof before): unknown =>
    images.map(({ name, digest, tags }) => ({ name, digest, tags }));
  expect(stable(await factory.images())).toEqual(stable(before));
});

test('reset deletes everything but what it is told to keep', async () => {
  const refused = await factory.kiln(['reset']);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('--yes')]);
  const key = await factory.succeed(['key', 'public']);
  await factory.succeed(['reset', '--yes', '--keep-keys']);
  expect((await factory.kiln(['status'])).exitCode).toBe(1);
  expect(fs.existsSync(`${factory.home}/blobs`)).toBe(false);
  expect(await factory.succeed(['key', 'public'])).toBe(key);
  await factory.succeed(['reset', '--yes']);
  expect((await factory.kiln(['key', 'public'])).exitCode).toBe(4);
});
