import type { ImageSummary, PackageDetail, PackageSummary } from '@kiln/server/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { warmHome } from './warm-home.ts';
import { workOf } from './work-done.ts';

let factory: Factory;
let before: { readonly images: unknown; readonly packages: unknown };

beforeAll(async () => {
  factory = new Factory({ homeFrom: await warmHome('catalog') });
  await factory.up();
  before = await published();
}, 600_000);

afterAll(async () => factory[Symbol.asyncDispose](), 120_000);

/** What strangers can get. */
async function published(): Promise<typeof before> {
  const images = await factory.json<ImageSummary[]>('image', 'ls');
  const packages = await factory.json<PackageSummary[]>('package', 'ls');
  return {
    images: images.map(({ name, digest, tags }) => ({ name, digest, tags })),
    packages: packages.map(({ name, version, checksum }) => ({ name, version, checksum })),
  };
}

interface Breakage {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** All of these are said. */
  readonly says: readonly (string | RegExp)[];
}

const breakages: readonly Breakage[] = [
  {
    what: 'an unknown key',
    file: 'recipes/words.yaml',
    from: '  epoch: 0',
    to: '  epoch: 0\n  descripton: x',
    says: [
      'package:words@x86_64',
      'YAML_UNKNOWN_KEY',
      /recipes\/words\.yaml:6:3/,
      'hint: did you mean "description"',
    ],
  },
  {
    what: 'malformed YAML',
    file: 'recipes/patched.yaml',
    from: '  version: 3.1',
    to: '  version: [3.1',
    says: ['package:patched@x86_64', 'YAML_INVALID', /recipes\/patched\.yaml:\d+:\d+/],
  },
  {
    what: 'a pipeline that does not exist',
    file: 'recipes/greeter.yaml',
    from: 'uses: strip',
    to: 'uses: stripe',
    says: ['package:greeter@x86_64', /recipes\/greeter\.yaml:\d+:\d+/, 'stripe', 'strip'],
  },
  {
    what: 'a digest that the source does not have',
    file: 'recipes/hostname.yaml',
    from: 'expected-sha256: f3',
    to: 'expected-sha256: 3f',
    says: ['package:hostname@x86_64', /SOURCE_/, /hostname_3\.23/, 'hint: '],
  },
  {
    what: 'a step that fails',
    file: 'recipes/tables.yaml',
    from: '  - runs: |\n',
    to: '  - runs: |\n      false\n',
    says: ['package:tables@x86_64', 'BUILD_STEP_FAILED', /recipes\/tables\.yaml:\d+/, 'kiln logs'],
  },
  {
    what: 'a program that is not hardened',
    file: 'recipes/greeter.yaml',
    from: ' $LDFLAGS -pie',
    to: ' -no-pie',
    says: ['package:greeter@x86_64', 'BUILD_HARDENING_FAILED', 'usr/bin/greeter: pie', 'hint: '],
  },
  {
    what: 'a file where none may be',
    file: 'recipes/words.yaml',
    from: '${{targets.destdir}}/usr/share/words',
    to: '${{targets.destdir}}/var/tmp/words',
    says: ['package:words@x86_64', 'BUILD_LINT_FAILED', 'tempdir', 'var/tmp/words', 'hint: '],
  },
  {
    what: 'a package that nobody has',
    file: 'images/static.yaml',
    from: '    - probe\n',
    to: '    - probe\n    - nobody-has-this\n',
    says: ['image:static', 'nobody-has-this'],
  },
  {
    what: 'an image configuration with an unknown key',
    file: 'images/static.yaml',
    from: 'archs:',
    to: 'arch:',
    says: ['image:static', 'YAML_UNKNOWN_KEY', /images\/static\.yaml:\d+:\d+/, 'archs'],
  },
  {
    what: 'an image test that fails',
    file: 'images/shell.test.yaml',
    from: '" = 42',
    to: '" = 43',
    says: ['image:shell', 'What a patch corrected is right', 'kiln logs image:shell'],
  },
];

describe('what is broken is named, changes nothing that is published, and heals', () => {
  test.each(breakages)('$what', async ({ file, from, to, says }) => {
    const good = factory.read(file);
    factory.edit(file, from, to);
    try {
      const broken = await factory.kiln(['up']);
      expect(broken.exitCode).toBe(1);
      for (const one of says) expect(broken.stdout).toMatch(one);
      expect(await published()).toEqual(before);
      expect((await factory.status()).converged).toBe(false);
    } finally {
      factory.write(file, good);
      await factory.up();
    }
    expect(await published()).toEqual(before);
  });

  test('a catalog.yaml that cannot be read keeps the whole desired state', async () => {
    const good = factory.read('catalog.yaml');
    factory.write('catalog.yaml', 'name: [\n');
    const broken = await factory.kiln(['up']);
    expect([broken.exitCode, broken.stdout]).toEqual([
      1,
      expect.stringMatching(/catalog\.yaml:\d+/),
    ]);
    expect(await published()).toEqual(before);
    factory.write('catalog.yaml', good);
    await factory.up();
  });

  test('several broken things are all named, and the rest is built', async () => {
    const [words, probe] = ['recipes/words.yaml', 'recipes/probe.yaml'].map((file) =>
      factory.read(file),
    );
    factory.edit('recipes/words.yaml', '  - runs: |\n', '  - runs: |\n      exit 3\n');
    factory.edit('recipes/probe.yaml', 'package:', 'packages:');
    factory.edit('recipes/patched/answer', 'echo 41', 'echo 41');
    const broken = await factory.kiln(['up']);
    try {
      expect(broken.exitCode).toBe(1);
      for (const one of ['package:words@x86_64', 'package:probe@x86_64', 'exit code 3'])
        expect(broken.stdout).toContain(one);
      expect(await published()).toEqual(before);
    } finally {
      factory.write('recipes/words.yaml', words ?? '');
      factory.write('recipes/probe.yaml', probe ?? '');
      await factory.up();
    }
    expect(await published()).toEqual(before);
  });
});

describe('a package whose test fails', () => {
  const recipe = 'recipes/words.yaml';
  const key = 'test:words@x86_64';
  const file = (version: string): Promise<number> =>
    factory
      .status()
      .then(({ packages }) => fetch(`${packages}/x86_64/words-${version}.apk`))
      .then(({ status }) => status);

  test('is built and not published; what passed last stays, and the test is named', async () => {
    factory.edit(recipe, 'epoch: 0', 'epoch: 1');
    factory.edit(recipe, '-ge 3', '-ge 4');
    const broken = await factory.kiln(['up']);
    expect(broken.exitCode).toBe(1);
    for (const one of [key, 'PACKAGE_TEST_FAILED', /recipes\/words\.yaml:\d+/, `kiln logs ${key}`])
      expect(broken.stdout).toMatch(one);
    // The last words of the step.
    expect(broken.stdout).toContain('3 /usr/share/words');
    expect(await published()).toEqual(before);
    expect([await file('7-r0'), await file('7-r1')]).toEqual([200, 404]);
  });

  test('says so wherever a person looks', async () => {
    expect(await factory.succeed(['status'])).toContain(`failed    ${key}`);
    const shown = await factory.succeed(['package', 'show', 'words']);
    expect(shown).toContain(`${key} failed: [PACKAGE_TEST_FAILED]`);
    expect(shown).toContain(`7-r1 is built and waits for ${key}`);
    const detail = await factory.json<PackageDetail>('package', 'show', 'words');
    expect(detail).toMatchObject({
      version: '7-r0',
      published: true,
      heldBack: { version: '7-r1', tests: [key] },
    });
    expect(await factory.succeed(['queue', 'show', key])).toContain('PACKAGE_TEST_FAILED');
    expect(await factory.succeed(['logs', key])).toContain('3 /usr/share/words');
    expect(await factory.json('queue', 'ls')).toMatchObject([{ key, state: 'dead' }]);
  });

  test('is published once the test is mended, without being built again', async () => {
    const work = await workOf(factory, async () => {
      factory.edit(recipe, '-ge 4', '-gt 2');
      await factory.up();
    });
    expect(work).toEqual([key, 'image:static']);
    expect(await file('7-r1')).toBe(200);
    const {
      version,
      heldBack,
      test: tested,
    } = await factory.json<PackageDetail>('package', 'show', 'words');
    expect([version, heldBack, tested?.passed]).toMatchObject([
      '7-r1',
      null,
      [{ package: 'words' }],
    ]);
  });

  test('goes back to what passed before without any work', async () => {
    const work = await workOf(factory, async () => {
      factory.edit(recipe, '-gt 2', '-ge 3');
      factory.edit(recipe, 'epoch: 1', 'epoch: 0');
      await factory.up();
    });
    expect(work).toEqual([]);
    expect(await published()).toEqual(before);
  });
});

describe('a parked key', () => {
  test('is listed, shown with its attempts and log, and tried again when asked', async () => {
    const good = factory.read('recipes/words.yaml');
    factory.edit(
      'recipes/words.yaml',
      '  - runs: |\n',
      '  - runs: |\n      echo whispered; exit 3\n',
    );
    expect((await factory.kiln(['up'])).exitCode).toBe(1);
    const key = 'package:words@x86_64';
    const rows = await factory.json<{ key: string; state: string }[]>('queue', 'ls');
    expect(rows).toContainEqual(expect.objectContaining({ key, state: 'dead' }));
    expect(await factory.succeed(['queue', 'ls'])).toContain(key);
    const shown = await factory.succeed(['queue', 'show', key]);
    expect(shown).toContain('BUILD_STEP_FAILED');
    expect(await factory.succeed(['logs', key])).toContain('whispered');
    const attempts = (await factory.key(key)).attempts.length;
    expect(await factory.json('queue', 'retry', key)).toEqual({ keys: [key] });
    await factory.until(
      'another failure',
      (status) => status.queue.dead === 1 && status.queue.running === 0,
    );
    expect((await factory.key(key)).attempts.length).toBeGreaterThan(attempts);
    factory.write('recipes/words.yaml', good);
    await factory.up();
    expect(await factory.json('queue', 'ls')).toEqual([]);
    expect(await published()).toEqual(before);
  });
});
