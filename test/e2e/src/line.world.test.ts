import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { PackageDetail, PackageSummary } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';
import { workOf } from './work-done.ts';

/** The part of a Sigstore bundle that openssl is told of. */
interface SignedBundle {
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly signatures: readonly [{ readonly sig: string }];
  };
}

let factory: Factory;

beforeAll(async () => {
  factory = new Factory({ homeFrom: await warmHome('seed') });
}, 400_000);

afterAll(async () => {
  await factory[Symbol.asyncDispose]();
}, 120_000);

const digests = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await factory.images()).map((image) => [image.name, image.digest]));

const checksums = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await factory.json<PackageSummary[]>('package', 'ls')).map((one) => [one.name, one.checksum]),
  );

const edited = (file: string, from: string, to: string): Promise<readonly string[]> =>
  workOf(factory, async () => {
    factory.edit(file, from, to);
    await factory.up();
  });

describe('from nothing', () => {
  test('up brings the whole catalog to its desired state, and says where everything is', async () => {
    const started = await factory.kiln(['up'], { timeoutMs: 400_000 });
    expect(started.exitCode, started.stderr + started.stdout).toBe(0);
    const { console: address, registry, packages, key } = await factory.status();
    for (const said of [address, registry, packages, `--key ${key}`, 'kiln image run'])
      expect(started.stderr).toContain(said);
    expect(started.stdout.trim().split('\n').sort()).toEqual(
      (await factory.images()).map((image) => `${image.reference}@${image.digest}`).sort(),
    );
  }, 450_000);

  test('status has all that a program wants to know', async () => {
    const status = await factory.status();
    expect(status).toMatchObject({
      home: factory.home,
      converged: true,
      failed: [],
      problems: [],
      queue: { queued: 0, running: 0, dead: 0 },
    });
    expect(status.console).toMatch(/^http:\/\/localhost:\d+\/$/);
    expect(status.registry).toBe(new URL(status.console).host);
    expect(status.key).toBe(`${factory.home}/public/image.pub`);
    const index = await fetch(`${status.packages}/x86_64/APKINDEX.tar.gz`);
    expect([index.status, (await index.arrayBuffer()).byteLength > 500]).toEqual([200, true]);
    expect((await fetch(status.console)).headers.get('content-type')).toContain('text/html');
  });

  test('the images are listed with what a program wants to know', async () => {
    const images = await factory.images();
    const { registry } = await factory.status();
    expect(images.map((image) => image.reference)).toEqual([
      `${registry}/greeter:latest`,
      `${registry}/shell:latest`,
      `${registry}/static:latest`,
    ]);
    for (const image of images) {
      expect(image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(image.tags).toContain('latest');
      expect(image.sizeBytes).toBeGreaterThan(500);
      expect(image.packages).toBeGreaterThan(1);
      expect([image.signed, image.tested]).toEqual([true, true]);
    }
    expect(images[0]?.tags).toEqual(expect.arrayContaining(['latest', '0.9', '0.9-r3']));
  });

  test('packages and their parts are published with what they need and give', async () => {
    const names = Object.keys(await checksums());
    expect(names).toEqual(
      expect.arrayContaining(['greet', 'greet-dev', 'greet-doc', 'greet-static', 'tables-seven']),
    );
    const dev = await factory.json<PackageDetail>('package', 'show', 'greet-dev');
    expect(dev.provides).toContain('pc:greet=1.2.0-r0');
    expect(dev.depends).toContain('greet');
    const greeter = await factory.json<PackageDetail>('package', 'show', 'greeter');
    expect(greeter.depends).toEqual(expect.arrayContaining(['so:libgreet.so.1', 'so:libc.so.6']));
    expect(greeter.provides).toContain('cmd:greeter=0.9-r3');
  });

  test('what linters warn of stands with the package', async () => {
    const { findings } = await factory.json<PackageDetail>('package', 'show', 'greet');
    expect(findings.find(({ linter }) => linter === 'lddcheck')?.items).toEqual(
      expect.arrayContaining([expect.stringMatching(/^usr\/lib\/libgreet\.so\.1/)]),
    );
    expect(await factory.succeed(['package', 'show', 'greet'])).toContain('[lddcheck]');
  });

  test('how a package was made is signed beside it, as openssl and sha256sum find', async () => {
    const { packages, key } = await factory.status();
    const at = (name: string): string => path.join(factory.directory, name);
    const apk = 'greeter-0.9-r3.apk';
    const bundle = `${apk}.provenance.sigstore.json`;
    for (const name of [apk, bundle]) {
      const answer = await fetch(`${packages}/x86_64/${name}`);
      expect([name, answer.status]).toEqual([name, 200]);
      fs.writeFileSync(at(name), await answer.bytes());
    }
    const { dsseEnvelope } = JSON.parse(fs.readFileSync(at(bundle), 'utf8')) as SignedBundle;
    const payload = Buffer.from(dsseEnvelope.payload, 'base64');
    const type = 'application/vnd.in-toto+json';
    const encoding = `DSSEv1 ${type.length} ${type} ${payload.length} `;
    fs.writeFileSync(at('signed'), Buffer.concat([Buffer.from(encoding), payload]));
    fs.writeFileSync(at('signature'), Buffer.from(dsseEnvelope.signatures[0].sig, 'base64'));
    const verify = ['dgst', '-sha256', '-verify', key, '-signature', at('signature'), at('signed')];
    expect(execFileSync('openssl', verify, { encoding: 'utf8' })).toBe('Verified OK\n');
    const [sha256] = execFileSync('sha256sum', [at(apk)], { encoding: 'utf8' }).split(' ');
    const statement = JSON.parse(payload.toString()) as Record<string, unknown>;
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: apk, digest: { sha256 } }],
      predicate: {
        buildDefinition: {
          externalParameters: { name: 'greeter', architecture: 'x86_64' },
          resolvedDependencies: expect.arrayContaining([
            expect.objectContaining({ uri: 'pkg:apk/fixture/greet-dev@1.2.0-r0' }),
            expect.objectContaining({ name: 'greeter.c' }),
          ]),
        },
      },
    });
    expect(await factory.succeed(['verify', 'package:greeter'])).toMatch(/verified: 3 checks\n$/);
    const shown = await factory.succeed(['package', 'show', 'greeter']);
    expect(shown).toContain(`${packages}/x86_64/${bundle}`);
    const changed = at('changed.apk');
    fs.writeFileSync(changed, Buffer.concat([fs.readFileSync(at(apk)), Buffer.from('x')]));
    fs.copyFileSync(at(bundle), `${changed}.provenance.sigstore.json`);
    const refused = await factory.kiln(['verify', changed]);
    expect([refused.exitCode, refused.stdout]).toEqual([
      3,
      expect.stringContaining('speaks of another artifact'),
    ]);
  });

  test('so it is for the packages of the seed, each of which names the Debian package it wraps', async () => {
    const make = await factory.json<PackageDetail>('package', 'show', 'make');
    expect(make.inputs.map(({ uri }) => uri)).toEqual([
      expect.stringMatching(/^pkg:deb\/debian\/make@/),
    ]);
    expect(await factory.succeed(['verify', 'package:make'])).toMatch(
      /1 input by digest[^]*verified: 3 checks\n$/,
    );
  });

  test('what was said of a package and lost is said again, without building it', async () => {
    const { provenance } = await factory.json<PackageDetail>('package', 'show', 'greeter');
    fs.rmSync(factory.blobFile(provenance?.digest ?? ''));
    expect((await factory.kiln(['verify', 'package:greeter'])).exitCode).toBe(3);
    const work = await workOf(factory, async () => {
      await factory.succeed(['resync']);
      await factory.up();
    });
    expect(work).toEqual([]);
    expect(await factory.succeed(['verify', 'package:greeter'])).toMatch(/verified: 3 checks\n$/);
  });

  test('a second up does nothing and says so', async () => {
    const again = await factory.kiln(['up']);
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('nothing to do: the catalog is as desired');
    expect(await workOf(factory, async () => {})).toEqual([]);
  });

  test('so does an up after a down, with the same digests', async () => {
    const before = await digests();
    expect(
      await workOf(factory, async () => {
        await factory.succeed(['down']);
        await factory.up();
      }),
    ).toEqual([]);
    expect(await digests()).toEqual(before);
  });
});

describe('an edit rebuilds what depends on it, in order, and stops where bytes stay', () => {
  test('a comment in a recipe rebuilds nothing', async () => {
    const before = await checksums();
    expect(await edited('recipes/greet.yaml', 'package:\n', '# A comment.\npackage:\n')).toEqual(
      [],
    );
    expect(await checksums()).toEqual(before);
  });

  test('an edited test runs alone, and its package is not built', async () => {
    const before = await checksums();
    expect(await edited('recipes/greeter.yaml', 'greeter you', 'greeter  you')).toEqual([
      'test:greeter@x86_64',
    ]);
    expect(await checksums()).toEqual(before);
  });

  test('a change without effect on the bytes rebuilds its package and nothing else', async () => {
    const before = await checksums();
    expect(
      await edited(
        'recipes/greet/greet.c',
        '  char text[64];\n',
        '  /* Enough. */ char text[64];\n',
      ),
    ).toEqual(['package:greet@x86_64']);
    expect(await checksums()).toEqual(before);
  });

  test('a change that a dependant does not feel stops at the dependant', async () => {
    const before = await digests();
    const work = await edited('recipes/greet/greet.h', '/* Prints', '/* Writes');
    expect(work).toEqual(['package:greet@x86_64', 'package:greeter@x86_64']);
    expect(await digests()).toEqual(before);
  });

  test('a header that a dependant feels goes through to the image', async () => {
    const before = await digests();
    const work = await edited('recipes/greet/greet.h', 'GREET_TIMES 1', 'GREET_TIMES 2');
    expect(work).toEqual([
      'package:greet@x86_64',
      'package:greeter@x86_64',
      'test:greeter@x86_64',
      'image:greeter',
    ]);
    const after = await digests();
    expect(after['greeter']).not.toBe(before['greeter']);
    expect({ ...after, greeter: '' }).toEqual({ ...before, greeter: '' });
    expect(await factory.succeed(['image', 'run', 'greeter', '--', 'twice'])).toBe(
      'hello, twice\nhello, twice\n',
    );
  });

  test('an edited pipeline rebuilds the recipes that use it, and what holds their packages', async () => {
    const work = await edited('pipelines/patch.yaml', 'patch: applying', 'patch: now applying');
    expect(work).toEqual(['package:patched@x86_64', 'image:shell']);
  });

  test('an edited image is made anew alone; its test too', async () => {
    const before = await digests();
    const added = await edited('images/static.yaml', '    - words\n', '');
    expect(added).toEqual(['image:static']);
    expect((await digests())['static']).not.toBe(before['static']);
    const name = await edited('images/static.test.yaml', 'It runs', 'It still runs');
    expect(name).toEqual(['image:static']);
    expect((await factory.image('static')).tests.map((one) => one.name)).toEqual(['It still runs']);
  });

  test('a saved file is noticed without being asked', async () => {
    const before = (await digests())['static'];
    factory.edit('recipes/probe/probe.c', 'probe: it runs', 'probe: it goes');
    await expect
      .poll(async () => (await digests())['static'], { timeout: 60_000 })
      .not.toBe(before);
    expect(await factory.succeed(['image', 'run', 'static'])).toBe('probe: it goes\n');
  });

  test('a removed recipe leaves the index, and an image that needs it says so', async () => {
    const recipe = factory.read('recipes/words.yaml');
    factory.edit('images/static.yaml', '    - probe\n', '    - probe\n    - words\n');
    await factory.up();
    const before = await digests();
    factory.remove('recipes/words.yaml');
    const result = await factory.kiln(['up']);
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toContain('image:static');
    expect(result.stdout).toMatch(/words/);
    expect(await digests()).toEqual(before);
    factory.write('recipes/words.yaml', recipe);
    await factory.up();
    expect(await digests()).toEqual(before);
    expect(Object.keys(await checksums())).toContain('words');
  });
});
