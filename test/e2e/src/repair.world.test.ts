import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PackageDetail } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';
import { workOf } from './work-done.ts';

let factory: Factory;
let base: string;
/** What builds may fetch, and what they asked for. */
let module = 'module one\n';
const asked: string[] = [];
const modules = http.createServer((request, response) => {
  asked.push(request.url ?? '');
  response.end(module);
});
let port = 0;

beforeAll(async () => {
  modules.listen(0, '127.0.0.1');
  await once(modules, 'listening');
  ({ port } = modules.address() as AddressInfo);
  factory = new Factory({
    homeFrom: await warmHome('catalog'),
    environment: { KILN_NETWORK_ALLOW: `127.0.0.1:${port}` },
  });
  await factory.up();
  base = `http://${(await factory.status()).registry}`;
}, 600_000);

afterAll(async () => {
  modules.close();
  await factory[Symbol.asyncDispose]();
}, 120_000);

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

const digestOf = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

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
    // Its own: those of packages are other images' too.
    const digest = layers.at(-1)?.digest ?? '';
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
    fs.rmSync(factory.blobFile(digestOf(before)));
    expect((await fetch(url)).status).toBe(404);
    await resync();
    const after = await fetch(url);
    expect([after.status, (await after.arrayBuffer()).byteLength]).toEqual([200, before.length]);
  });
});

describe('a package whose steps fetch', () => {
  const key = 'package:fetching@x86_64';

  /** It asks the proxy as a browser would, with no program but the shell. */
  const recipeFor = (address: string): string => `package:
  name: fetching
  version: 1
  epoch: 0
  copyright:
    - license: CC0-1.0
kiln:
  network:
    reason: its module comes from a registry
pipeline:
  - runs: |
      proxy=\${HTTP_PROXY#http://}
      exec 3<>/dev/tcp/\${proxy%:*}/\${proxy#*:}
      printf 'GET ${address}/module HTTP/1.0\\r\\n\\r\\n' >&3
      read -r _ status _ <&3
      [ "$status" = 200 ] || { cat <&3; exit 1; }
      while IFS= read -r line && [ "$line" != $'\\r' ]; do :; done <&3
      mkdir -p \${{targets.destdir}}/usr/share
      cat <&3 >\${{targets.destdir}}/usr/share/module
`;

  async function packageBytes(): Promise<Buffer> {
    const { packages } = await factory.status();
    const response = await fetch(`${packages}/x86_64/fetching-1-r0.apk`);
    return Buffer.from(await response.arrayBuffer());
  }

  const loseThePackage = async (): Promise<void> => {
    const { apk } = await factory.json<PackageDetail>('package', 'show', 'fetching');
    fs.rmSync(factory.blobFile(apk));
  };

  test('from a private address is parked until the factory is told to allow it', async () => {
    factory.write('recipes/fetching.yaml', recipeFor(`http://localhost:${port}`));
    const refused = await factory.kiln(['up']);
    expect(refused.exitCode).toBe(1);
    for (const said of [
      key,
      'BUILD_STEP_FAILED',
      'network: "localhost" is an address of this machine',
      'KILN_NETWORK_ALLOW',
    ])
      expect(refused.stdout).toContain(said);
    expect(asked).toEqual([]);
    const rows = await factory.json<{ key: string; state: string }[]>('queue', 'ls');
    expect(rows).toContainEqual(expect.objectContaining({ key, state: 'dead' }));
  });

  test('is built where it is allowed, and its provenance says what it fetched', async () => {
    const address = `http://127.0.0.1:${port}`;
    factory.write('recipes/fetching.yaml', recipeFor(address));
    await factory.up();
    expect(asked).toEqual(['/module']);
    const { packages } = await factory.status();
    const provenance = `${packages}/x86_64/fetching-1-r0.apk.provenance.sigstore.json`;
    const { dsseEnvelope } = (await (await fetch(provenance)).json()) as {
      dsseEnvelope: { payload: string };
    };
    const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()) as {
      predicate: { buildDefinition: { resolvedDependencies: readonly unknown[] } };
    };
    expect(statement.predicate.buildDefinition.resolvedDependencies).toContainEqual(
      expect.objectContaining({
        uri: `${address}/module`,
        digest: { sha256: digestOf(module).slice('sha256:'.length) },
      }),
    );
    expect(await factory.succeed(['verify', 'package:fetching'])).toContain('verified');
  });

  test('is built again from what it fetched, whatever the server gives now', async () => {
    const before = await packageBytes();
    module = 'module two\n';
    await loseThePackage();
    expect(await resync()).toEqual([key]);
    expect(asked).toEqual(['/module']);
    expect((await packageBytes()).equals(before)).toBe(true);
    expect(await factory.succeed(['logs', key])).toMatch(/network \| GET .*\/module: .*, known/);
  });

  test('is parked when that is lost and the server gives something else', async () => {
    await loseThePackage();
    fs.rmSync(factory.blobFile(digestOf('module one\n')));
    await factory.succeed(['resync']);
    await factory.until('the refusal', ({ queue }) => queue.dead === 1 && queue.running === 0);
    const shown = await factory.succeed(['queue', 'show', key]);
    expect(shown).toContain('BUILD_NETWORK_REFUSED');
    for (const given of ['module one\n', 'module two\n']) expect(shown).toContain(digestOf(given));
    module = 'module one\n';
    await factory.succeed(['queue', 'retry', key]);
    await factory.until('the same again', (status) => status.converged);
    factory.remove('recipes/fetching.yaml');
    await factory.up();
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
