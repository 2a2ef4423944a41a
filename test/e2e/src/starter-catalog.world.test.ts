import fs from 'node:fs';
import path from 'node:path';
import { installClients, run } from '@kiln/test-clients';
import type { ImageSummary, PackageSummary } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory, repository } from './factory.ts';
import { imageDifferences, otherConditions, packageDifferences } from './twins.ts';

/** `kiln test --full` builds all of Kiln OS, twice, the second time on one core; otherwise what is quick of it is built once. */
const full = process.env['KILN_TEST_FULL'] === '1';
const environment = { KILN_OS_CATALOG: path.join(repository, 'catalog') };
const wanted = full ? ['busybox', 'nginx', 'static', 'valkey'] : ['static'];
const only = full ? [] : ['--only', 'static', '--only', 'zlib'];

describe(full ? 'Kiln OS' : 'the quick part of Kiln OS: static and zlib', () => {
  let factory: Factory;
  let clients: Readonly<Record<'crane' | 'cosign', string>>;

  beforeAll(
    async () => {
      factory = new Factory();
      const up = await factory.kiln(['up', ...only], {
        environment,
        timeoutMs: full ? 5_400_000 : 580_000,
      });
      expect(up.exitCode, up.stderr + up.stdout).toBe(0);
    },
    full ? 5_500_000 : 600_000,
  );

  // A client may have to be compiled first.
  beforeAll(async () => {
    clients = await installClients(['crane', 'cosign']);
  }, 1_200_000);

  afterAll(async () => factory[Symbol.asyncDispose]());

  test('its images are tagged, tested and signed', async () => {
    const images = await factory.json<ImageSummary[]>('image', 'ls');
    expect(images.map((image) => image.name).sort()).toEqual(wanted);
    for (const image of images) expect(image).toMatchObject({ signed: true, tested: true });
  });

  test('its packages are in the index', async () => {
    const names = (await factory.json<PackageSummary[]>('package', 'ls')).map((one) => one.name);
    expect(names).toEqual(expect.arrayContaining(['baselayout', 'tzdata', 'zlib', 'zlib-dev']));
  });

  test('its images verify, by kiln and by strangers', async () => {
    const { crane, cosign } = clients;
    const { key } = await factory.status();
    for (const image of await factory.json<ImageSummary[]>('image', 'ls')) {
      expect(await factory.succeed(['verify', image.name])).toContain('verified');
      await run(crane, ['validate', '--insecure', '--remote', image.reference]);
      const flags = ['--key', key, '--insecure-ignore-tlog', '--allow-http-registry'];
      await run(cosign, ['verify', ...flags, image.reference]);
      for (const type of ['spdxjson', 'slsaprovenance1']) {
        await run(cosign, ['verify-attestation', '--type', type, ...flags, image.reference]);
      }
    }
  });

  test('static runs in a sandbox and finds what it may rely on', async () => {
    expect(await factory.succeed(['image', 'run', 'static'])).toContain(
      'ok no shell and no package manager',
    );
  });

  test('no image has a file of the seed, and every one runs as nobody special', async () => {
    const { crane } = clients;
    for (const image of await factory.json<ImageSummary[]>('image', 'ls')) {
      const config = JSON.parse(
        (await run(crane, ['config', '--insecure', image.reference])).toString(),
      ) as { config: { User: string } };
      expect(config.config.User).toBe('65532');
      const detail = await factory.image(image.name);
      const seed = new Set(
        (await factory.json<PackageSummary[]>('package', 'ls', '--all'))
          .filter((one) => one.repository === 'seed')
          .map((one) => one.checksum),
      );
      expect(detail.packages.filter((one) => seed.has(one.checksum))).toEqual([]);
    }
  });

  test('starting again builds nothing and says so', async () => {
    await factory.succeed(['down']);
    const again = await factory.kiln(['up', ...only], { environment, timeoutMs: 120_000 });
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('nothing to do');
  });

  test.runIf(full)(
    'built a second time under other conditions it has the same bytes',
    async () => {
      const homeFrom = path.join(factory.directory, 'keys-only');
      fs.mkdirSync(homeFrom, { mode: 0o700 });
      fs.cpSync(path.join(factory.home, 'keys'), path.join(homeFrom, 'keys'), { recursive: true });
      await using other = new Factory({ ...otherConditions, homeFrom });
      const up = await other.kiln(['up'], { environment, timeoutMs: 7_000_000 });
      expect(up.exitCode, up.stderr + up.stdout).toBe(0);
      expect(await packageDifferences(factory, other)).toEqual([]);
      expect(await imageDifferences(factory, other)).toEqual([]);
    },
    7_200_000,
  );
});
