import { digestOf } from '@kiln/base';
import { parseImageConfig } from '@kiln/image-config';
import { describe, expect, test } from 'vitest';
import { namespaceOf } from './bundle.ts';
import type { Bundle } from './bundle.ts';
import type { CatalogSource, ReadCatalogs } from './catalog.ts';
import { readCatalogs } from './catalog.ts';

function source(label: string, files: Readonly<Record<string, string>>): CatalogSource {
  return {
    label,
    files: Object.entries(files).map(([path, text]) => ({
      path,
      blob: digestOf(text),
      executable: false,
      text: path.endsWith('.yaml') ? text : undefined,
    })),
  };
}

const settings = `name: base
namespace: example
date: 2026-01-02
environment:
  packages: [seed-base]
  from-seed: [libc]
  variables: {CFLAGS: -O2}
`;

interface RecipeWords {
  readonly environment?: readonly string[];
  readonly runtime?: readonly string[];
  readonly provides?: readonly string[];
  readonly pipeline?: string;
  /** What the test of the package asks for besides. */
  readonly test?: readonly string[];
  /** The same of its subpackage. */
  readonly devTest?: readonly string[];
}

const testBlock = (packages: readonly string[] | undefined): string =>
  packages === undefined
    ? '{}'
    : `{environment: {contents: {packages: [${packages.join(', ')}]}}, pipeline: [{runs: "true"}]}`;

function recipe(name: string, words: RecipeWords = {}): string {
  return `package:
  name: ${name}
  version: 1.0
  epoch: 0
  description: ${name}
  copyright: [{license: Apache-2.0}]
  dependencies: {runtime: [${(words.runtime ?? []).join(', ')}], provides: [${(words.provides ?? []).join(', ')}]}
environment: {contents: {packages: [${(words.environment ?? []).join(', ')}]}}
pipeline:
  - ${words.pipeline ?? 'runs: "true"'}
test: ${testBlock(words.test)}
subpackages:
  - name: ${name}-dev
    test: ${testBlock(words.devTest)}
`;
}

const image = (packages: readonly string[]): string =>
  `contents: {packages: [${packages.join(', ')}]}\narchs: [x86_64]\n`;
const imageTest = (packages: readonly string[] = []): string =>
  `environment: {contents: {packages: [${packages.join(', ')}]}}\npipeline: [{runs: "true"}]\n`;

const files = {
  'catalog.yaml': settings,
  'seed.yaml': 'architecture: x86_64\n',
  'recipes/libc.yaml': recipe('libc'),
  'recipes/zip.yaml': recipe('zip', { provides: ['zip-abi=1'] }),
  'recipes/tls.yaml': recipe('tls', { environment: ['build-base', 'zip-dev>=1'] }),
  'recipes/server.yaml': recipe('server', {
    environment: ['tls-dev', 'libc-dev'],
    runtime: ['data'],
  }),
  'recipes/data.yaml': recipe('data'),
  'recipes/server/fix.patch': 'a patch',
  'images/server.yaml': image(['server']),
  'images/server.test.yaml': imageTest(['zip']),
};

function bundleOf(read: ReadCatalogs, key: string): Bundle {
  const desired = read.catalogs.flatMap((one) => one.desired).find((one) => one.key === key);
  if (desired === undefined) throw new Error(`no ${key}`);
  return JSON.parse(Buffer.from(read.bundles.get(desired.bundle) ?? []).toString('utf8')) as Bundle;
}

const closureOf = (read: ReadCatalogs, key: string): unknown =>
  (bundleOf(read, key) as { closure?: unknown }).closure;

describe('the seed', () => {
  const own = (text: string): readonly CatalogSource[] => [
    source('catalog', files),
    source('own', {
      'catalog.yaml': settings.replace('name: base', 'name: own'),
      'seed.yaml': text,
    }),
  ];
  const seeds = (read: ReadCatalogs): readonly string[] =>
    read.catalogs.flatMap(({ desired }) =>
      desired.filter(({ kind }) => kind === 'seed').map(({ bundle }) => bundle),
    );

  test('is that of the base, and what the others add to it', () => {
    const read = readCatalogs(own('adds: seed\nroots: [tcl]\n'), 'x86_64');
    expect(seeds(read)).toHaveLength(1);
    expect(bundleOf(read, 'seed:x86_64')).toMatchObject({
      source: files['seed.yaml'],
      additions: [{ file: 'own/seed.yaml', text: 'adds: seed\nroots: [tcl]\n' }],
    });
  });

  test('is another one only with an addition', () => {
    const alone = readCatalogs([source('catalog', files)], 'x86_64');
    const beside = readCatalogs(
      [
        source('catalog', files),
        ...own('')
          .slice(1)
          .map(({ label, files: all }) => ({
            label,
            files: all.filter(({ path }) => path !== 'seed.yaml'),
          })),
      ],
      'x86_64',
    );
    expect(seeds(beside)).toEqual(seeds(alone));
  });

  test('stays what it was while an addition cannot be read', () => {
    const before = readCatalogs(own('adds: seed\nroots: [tcl]\n'), 'x86_64');
    const lastGood = new Map(
      before.catalogs
        .flatMap(({ desired }) => desired)
        .map((desired) => [desired.key, { desired, bundle: bundleOf(before, desired.key) }]),
    );
    for (const broken of ['architecture: x86_64\n', 'adds: seed\nroot: [tcl]\n', 'adds: [']) {
      const read = readCatalogs(own(broken), 'x86_64', lastGood);
      expect(read.catalogs[1]?.problems).toMatchObject([{ key: 'seed:x86_64' }]);
      expect(seeds(read)).toEqual(seeds(before));
    }
  });
});

describe('which repository provides a name', () => {
  const read = readCatalogs([source('catalog', files)], 'x86_64');

  test('names that recipes give are waited for, all others come from the seed', () => {
    expect(closureOf(read, 'package:tls@x86_64')).toEqual(['package:zip@x86_64']);
  });

  test('what a dependency was built with may come in with it, and the seed plays its own part', () => {
    expect(closureOf(read, 'package:server@x86_64')).toEqual([
      'package:tls@x86_64',
      'package:zip@x86_64',
    ]);
  });

  test('an image waits for its packages and those of its test; the C library only when it turns out to be needed', () => {
    const bundle = bundleOf(read, 'image:server');
    expect(bundle).toMatchObject({
      kind: 'image',
      closure: [
        'package:data@x86_64',
        'package:server@x86_64',
        'package:tls@x86_64',
        'package:zip@x86_64',
      ],
      optional: ['package:libc@x86_64'],
      repositories: ['base'],
    });
    const desired = read.catalogs[0]?.desired.find((one) => one.key === 'image:server');
    expect(desired?.dependsOn).toContain('index:base@x86_64');
    expect(desired?.mayNeed).toEqual(['package:libc@x86_64']);
  });

  test('an image of services waits for what supervises them', () => {
    const withServices = readCatalogs(
      [
        source('catalog', {
          ...files,
          'recipes/s6.yaml': recipe('s6'),
          'images/bundle.yaml': `${image([])}entrypoint: {type: service-bundle, services: {a: b}}\n`,
          'images/bundle.test.yaml': imageTest(),
        }),
      ],
      'x86_64',
    );
    expect(bundleOf(withServices, 'image:bundle')).toMatchObject({
      closure: ['package:s6@x86_64'],
    });
  });

  test('an image may be laid over another, of a catalog below too, and leave packages of it out', () => {
    const own = source('own', {
      'catalog.yaml': 'name: own\nnamespace: own\ndate: 2026-01-02\n',
      'images/mine.yaml':
        'include: server.yaml\ncontents: {packages: [data, "!tls"]}\nenvironment: {A: b}\n',
      'images/mine.test.yaml': files['images/server.test.yaml'],
      'images/more.yaml': 'include: mine.yaml\nenvironment: {C: d}\n',
      'images/more.test.yaml': files['images/server.test.yaml'],
    });
    const both = readCatalogs([source('catalog', files), own], 'x86_64');
    expect(both.catalogs[1]?.problems).toEqual([]);
    const bundle = bundleOf(both, 'image:more');
    const config = parseImageConfig(bundle.kind === 'image' ? bundle.source : '', 'more.yaml');
    const below = parseImageConfig(files['images/server.yaml'], 'server.yaml');
    expect(config).toMatchObject({ include: '', environment: { A: 'b', C: 'd' } });
    expect(config.contents.packages).toEqual([
      ...below.contents.packages.filter((name) => name !== 'tls'),
      'data',
      '!tls',
    ]);
    expect(config.entrypoint).toEqual(below.entrypoint);
    expect(bundle).toMatchObject({ kind: 'image', repositories: ['own', 'base'] });
  });

  test.each([
    ['self.yaml', 'CATALOG_INCLUDE_DEEP'],
    ['absent.yaml', 'CATALOG_INCLUDE_UNKNOWN'],
    ['../recipes/data.yaml', 'CATALOG_INCLUDE_UNKNOWN'],
  ])('an image that includes %s is refused', (include, code) => {
    const more = {
      'images/self.yaml': `include: ${include}\n`,
      'images/self.test.yaml': files['images/server.test.yaml'],
    };
    const { catalogs } = readCatalogs([source('catalog', { ...files, ...more })], 'x86_64');
    expect(catalogs[0]?.problems).toMatchObject([{ key: 'image:self', code }]);
  });

  test('images may lie eight deep over each other', () => {
    const chain = Array.from({ length: 9 }, (_, i) => [
      [`images/d${i}.yaml`, i === 0 ? files['images/server.yaml'] : `include: d${i - 1}.yaml\n`],
      [`images/d${i}.test.yaml`, files['images/server.test.yaml']],
    ]).flat() as [string, string][];
    const over: [string, string][] = [
      ['images/d9.yaml', 'include: d8.yaml\n'],
      ['images/d9.test.yaml', files['images/server.test.yaml']],
    ];
    const problemsOf = (more: readonly [string, string][]) =>
      readCatalogs([source('catalog', { ...files, ...Object.fromEntries(more) })], 'x86_64')
        .catalogs[0]?.problems;
    expect(problemsOf(chain)).toEqual([]);
    expect(problemsOf([...chain, ...over])).toMatchObject([
      {
        key: 'image:d9',
        code: 'CATALOG_INCLUDE_DEEP',
        hint: expect.stringMatching(/let one say what it needs itself/),
      },
    ]);
  });

  test('an image that repeats a user of what it includes is refused', () => {
    const accounts = 'accounts: {users: [{username: app, uid: 70}]}\n';
    const more = {
      'images/below.yaml': accounts,
      'images/below.test.yaml': files['images/server.test.yaml'],
      'images/above.yaml': `include: below.yaml\n${accounts}`,
      'images/above.test.yaml': files['images/server.test.yaml'],
    };
    const { catalogs } = readCatalogs([source('catalog', { ...files, ...more })], 'x86_64');
    expect(catalogs[0]?.problems).toMatchObject([
      {
        key: 'image:above',
        code: 'IMAGE_CONFIG_INVALID',
        message: expect.stringContaining('images/above.yaml: "app" is there twice'),
      },
    ]);
  });

  test('side files and the date belong to the desired state', () => {
    expect(bundleOf(read, 'package:server@x86_64')).toMatchObject({
      settings: {
        epochSeconds: Date.parse('2026-01-02T00:00:00Z') / 1000,
        variables: { CFLAGS: '-O2' },
      },
      sideFiles: [{ path: 'fix.patch', blob: digestOf('a patch') }],
    });
  });
});

test('what the images need that are to be ready first is marked, and nothing else', () => {
  const settings = `${files['catalog.yaml']}first: [server]\n`;
  const { catalogs } = readCatalogs(
    [source('catalog', { ...files, 'catalog.yaml': settings })],
    'x86_64',
  );
  const keys = (first: boolean): string[] =>
    catalogs.flatMap(({ desired }) =>
      desired.filter((one) => (one.first === true) === first).map(({ key }) => key),
    );
  expect(keys(true)).toContain('image:server');
  expect(keys(true)).toContain('seed:x86_64');
  const without = readCatalogs([source('catalog', files)], 'x86_64').catalogs;
  expect(without.flatMap(({ desired }) => desired).some((one) => one.first === true)).toBe(false);
  expect(keys(false).concat(keys(true)).sort()).toEqual(
    without.flatMap(({ desired }) => desired.map(({ key }) => key)).sort(),
  );
});

describe('the tests of a recipe', () => {
  const tested = {
    ...files,
    'recipes/zip.yaml': recipe('zip', { provides: ['zip-abi=1'], devTest: ['build-base'] }),
    'recipes/libc.yaml': recipe('libc', { test: ['shell'] }),
    'recipes/shell.yaml': recipe('shell', { test: ['zip'] }),
    'recipes/tls.yaml': recipe('tls', { environment: ['zip-dev'], test: ['server'] }),
  };
  const read = readCatalogs(
    [source('catalog', { ...tested, 'catalog.yaml': settings.replace('[libc]', '[libc, shell]') })],
    'x86_64',
  );
  const guests = (key: string): unknown => (bundleOf(read, key) as { guests?: unknown }).guests;

  test('are a key of their own, where there are any', () => {
    const keys = read.catalogs[0]?.desired.filter(({ kind }) => kind === 'test');
    expect(keys?.map(({ key }) => key).sort()).toEqual([
      'test:libc@x86_64',
      'test:shell@x86_64',
      'test:tls@x86_64',
      'test:zip@x86_64',
    ]);
  });

  test('run in guests like build environments, after what may enter them', () => {
    expect(guests('test:tls@x86_64')).toEqual([
      {
        package: 'tls',
        world: ['seed-base'],
        closure: ['package:data@x86_64', 'package:server@x86_64', 'package:zip@x86_64'],
        optional: [],
        seed: true,
      },
    ]);
    expect(guests('test:zip@x86_64')).toMatchObject([{ package: 'zip-dev', closure: [] }]);
    const desired = read.catalogs[0]?.desired.find(({ key }) => key === 'test:tls@x86_64');
    expect(desired?.dependsOn).toEqual([
      'package:data@x86_64',
      'package:server@x86_64',
      'package:tls@x86_64',
      'package:zip@x86_64',
      'seed:x86_64',
    ]);
  });

  test('have nothing of the seed where it plays the part of the recipe', () => {
    expect(guests('test:libc@x86_64')).toEqual([
      {
        package: 'libc',
        world: [],
        closure: ['package:shell@x86_64'],
        optional: [],
        seed: false,
      },
    ]);
    expect(guests('test:shell@x86_64')).toMatchObject([
      { closure: ['package:zip@x86_64'], optional: ['package:libc@x86_64'], seed: false },
    ]);
  });

  test('have nothing of the seed where the catalog gives every name', () => {
    const own = settings.replace('[seed-base]', '[data]');
    const alone = readCatalogs([source('catalog', { ...tested, 'catalog.yaml': own })], 'x86_64');
    expect(bundleOf(alone, 'test:tls@x86_64')).toMatchObject({ guests: [{ seed: false }] });
    expect(bundleOf(alone, 'test:zip@x86_64')).toMatchObject({ guests: [{ seed: true }] });
  });

  test('are waited for by no package, even where they need each other', () => {
    const packages = read.catalogs[0]?.desired.filter(({ kind }) => kind === 'package') ?? [];
    for (const { dependsOn, mayNeed } of packages)
      expect([...dependsOn, ...mayNeed].filter((key) => key.startsWith('test:'))).toEqual([]);
    expect(read.catalogs[0]?.problems).toEqual([]);
  });

  test('decide what the index shows, those of lower catalogs too', () => {
    const own = source('own', {
      'catalog.yaml': 'name: own\nnamespace: me\ndate: 2026-02-03\n',
      'recipes/hello.yaml': recipe('hello', { environment: ['zip-dev'], test: [] }),
    });
    const both = readCatalogs([source('catalog', tested), own], 'x86_64');
    const index = bundleOf(both, 'index:own@x86_64');
    expect(index).toMatchObject({
      packages: ['package:hello@x86_64'],
      below: expect.arrayContaining(['package:tls@x86_64', 'package:data@x86_64']),
      tests: expect.arrayContaining(['test:hello@x86_64', 'test:tls@x86_64', 'test:zip@x86_64']),
    });
    expect(bundleOf(both, 'index:base@x86_64')).toMatchObject({
      below: [],
      tests: expect.not.arrayContaining(['test:hello@x86_64']),
    });
  });

  test('of what an image’s packages are made of are those that may hold them back', () => {
    const own = settings.replace('[seed-base]', '[tool]');
    const toolchain = {
      ...tested,
      'catalog.yaml': own,
      'recipes/tool.yaml': recipe('tool', { test: [] }),
    };
    const shown = bundleOf(readCatalogs([source('catalog', toolchain)], 'x86_64'), 'image:server');
    expect(shown).toMatchObject({
      closure: expect.not.arrayContaining(['package:tool@x86_64']),
      ingredients: ['package:tool@x86_64'],
      tests: ['test:libc@x86_64', 'test:tls@x86_64', 'test:tool@x86_64', 'test:zip@x86_64'],
    });
  });

  test('stay what they were while the recipe cannot be read', () => {
    const one = [source('catalog', tested)];
    const before = readCatalogs(one, 'x86_64');
    const lastGood = new Map(
      (before.catalogs[0]?.desired ?? []).map(
        (desired) => [desired.key, { desired, bundle: bundleOf(before, desired.key) }] as const,
      ),
    );
    const broken = source('catalog', { ...tested, 'recipes/tls.yaml': 'package: [' });
    const after = readCatalogs([broken], 'x86_64', lastGood);
    const stateOf = (state: ReadCatalogs): string | undefined =>
      state.catalogs[0]?.desired.find(({ key }) => key === 'test:tls@x86_64')?.bundle;
    expect(stateOf(after)).toBe(stateOf(before));
  });
});

describe('a change', () => {
  const before = readCatalogs([source('catalog', files)], 'x86_64');
  const changedBy = (changed: Readonly<Record<string, string>>): string[] => {
    const after = readCatalogs([source('catalog', { ...files, ...changed })], 'x86_64');
    const bundles = new Map(before.catalogs[0]?.desired.map((one) => [one.key, one.bundle]));
    return (after.catalogs[0]?.desired ?? [])
      .filter((one) => bundles.get(one.key) !== one.bundle)
      .map((one) => one.key);
  };

  test('of a recipe changes that recipe alone', () => {
    expect(
      changedBy({
        'recipes/zip.yaml': recipe('zip', { pipeline: 'runs: echo', provides: ['zip-abi=1'] }),
      }),
    ).toEqual(['package:zip@x86_64']);
  });

  test('of a side file changes its recipe alone', () => {
    expect(changedBy({ 'recipes/server/fix.patch': 'another' })).toEqual(['package:server@x86_64']);
  });

  test('of a pipeline changes the recipes that use it, directly or not', () => {
    const used = {
      ...files,
      'pipelines/inner.yaml': 'pipeline: [{runs: "true"}]\n',
      'pipelines/outer.yaml': 'pipeline: [{uses: inner}]\n',
      'recipes/data.yaml': recipe('data', { pipeline: 'uses: outer' }),
    };
    const one = readCatalogs([source('catalog', used)], 'x86_64');
    const two = readCatalogs(
      [source('catalog', { ...used, 'pipelines/inner.yaml': 'pipeline: [{runs: "false"}]\n' })],
      'x86_64',
    );
    const bundles = new Map(
      one.catalogs[0]?.desired.map((desired) => [desired.key, desired.bundle]),
    );
    expect(
      two.catalogs[0]?.desired
        .filter((desired) => bundles.get(desired.key) !== desired.bundle)
        .map((desired) => desired.key),
    ).toEqual(['package:data@x86_64']);
  });

  test('of nothing changes nothing, whatever the order of the files', () => {
    const shuffled = source('catalog', Object.fromEntries(Object.entries(files).reverse()));
    const again = readCatalogs([shuffled], 'x86_64');
    expect(new Set(again.catalogs[0]?.desired.map((one) => `${one.key} ${one.bundle}`))).toEqual(
      new Set(before.catalogs[0]?.desired.map((one) => `${one.key} ${one.bundle}`)),
    );
  });
});

describe('what cannot be read', () => {
  const problems = (changed: Readonly<Record<string, string>>) =>
    readCatalogs([source('catalog', { ...files, ...changed })], 'x86_64').catalogs[0]?.problems ??
    [];

  test('a broken recipe is a problem of its key, with its place, and no other recipe is touched', () => {
    const read = readCatalogs(
      [source('catalog', { ...files, 'recipes/zip.yaml': 'package:\n  nam: zip\n' })],
      'x86_64',
    );
    expect(read.catalogs[0]?.problems).toMatchObject([
      { key: 'package:zip@x86_64', code: 'YAML_UNKNOWN_KEY' },
    ]);
    expect(read.catalogs[0]?.problems[0]?.message).toContain('catalog/recipes/zip.yaml:2:3');
    expect(read.catalogs[0]?.desired.map((one) => one.key)).toContain('package:data@x86_64');
  });

  test.each([
    ['a misspelt key', 'pipeline:\n  - run: x\n', 'YAML_UNKNOWN_KEY', 3, /did you mean "runs"/],
    ['a wrong type', 'pipeline:\n  - runs: [a]\n', 'YAML_TYPE', 3, /write text on one line/],
    ['broken YAML', 'pipeline: [\n', 'YAML_INVALID', 3, /quotes and brackets/],
    [
      'an unknown variable',
      'pipeline: [{runs: "${{vars.x}}"}]\n',
      'RECIPE_VARIABLE_UNKNOWN',
      2,
      /vars/,
    ],
    [
      'a bad condition',
      'pipeline: [{if: a, runs: x}]\n',
      'RECIPE_CONDITION_INVALID',
      2,
      /compares/,
    ],
    [
      'an unknown pipeline',
      'pipeline:\n  - uses: no/such\n',
      'RECIPE_PIPELINE_UNKNOWN',
      3,
      /no\/such\.yaml/,
    ],
    ['a missing input', 'pipeline: [{uses: say}]\n', 'RECIPE_INPUT_INVALID', 2, /under "with"/],
    [
      'an unknown input',
      'pipeline: [{uses: say, with: {what: a, to: b}}]\n',
      'RECIPE_INPUT_INVALID',
      2,
      /its inputs: what/,
    ],
    [
      'a source without a digest',
      'pipeline:\n  - runs: x\n  - uses: fetch\n    with: {uri: "https://example.org/a.tar.gz"}\n',
      'RECIPE_FETCH_UNPINNED',
      4,
      /expected-sha256/,
    ],
    [
      'a checkout without a commit',
      'pipeline:\n  - uses: git-checkout\n    with: {repository: "https://example.org/a"}\n',
      'RECIPE_FETCH_UNPINNED',
      3,
      /expected-commit/,
    ],
    [
      'what a factory does not act on',
      'environment:\n  accounts: {run-as: root}\n',
      'CATALOG_KEY_UNSUPPORTED',
      3,
      /kiln package build/,
    ],
    [
      'repositories of its own',
      'environment:\n  contents: {repositories: [x]}\n',
      'CATALOG_KEY_UNSUPPORTED',
      3,
      /the factory decides/,
    ],
  ])('%s is told with its place and a hint', (_, rest, code, line, hint) => {
    const head = 'package: {name: zip, version: "1", epoch: 0, copyright: [{license: MIT}]}\n';
    const said = problems({
      'recipes/zip.yaml': head + rest,
      'pipelines/say.yaml':
        'inputs: {what: {required: true}}\npipeline: [{runs: "echo ${{inputs.what}}"}]\n',
      'pipelines/fetch.yaml':
        'inputs: {uri: {}, expected-sha256: {}, expected-sha512: {}}\npipeline: [{runs: x}]\n',
      'pipelines/git-checkout.yaml':
        'inputs: {repository: {}, expected-commit: {}}\npipeline: [{runs: x}]\n',
    });
    expect(said).toEqual([
      {
        catalog: 'base',
        key: 'package:zip@x86_64',
        code,
        message: expect.stringMatching(
          new RegExp(`catalog/recipes/zip\\.yaml:${line}:\\d+: `),
        ) as string,
        hint: expect.stringMatching(hint) as string,
      },
    ]);
  });

  test('what was good before a file broke stays as it was, for itself and for whom needs it', () => {
    const before = readCatalogs([source('catalog', files)], 'x86_64');
    const lastGood = new Map(
      (before.catalogs[0]?.desired ?? []).map((desired) => {
        return [desired.key, { desired, bundle: bundleOf(before, desired.key) }] as const;
      }),
    );
    for (const broken of [
      { 'recipes/zip.yaml': 'package:\n  nam: zip\n' },
      { 'recipes/tls.yaml': 'package: [' },
      { 'images/server.yaml': 'content: {}\n' },
      { 'images/server.test.yaml': 'pipeline: []\n' },
      { 'recipes/zip.yaml': recipe('zip', { environment: ['tls'] }) },
    ]) {
      const changed = source('catalog', { ...files, ...broken });
      const { catalogs } = readCatalogs([changed], 'x86_64', lastGood);
      expect(catalogs[0]?.problems).not.toEqual([]);
      const state = (one: ReadCatalogs['catalogs'][number] | undefined): unknown =>
        new Set(one?.desired.map(({ key, bundle }) => `${key} ${bundle}`));
      expect(state(catalogs[0])).toEqual(state(before.catalogs[0]));
    }
  });

  test('a file that is called otherwise than its recipe', () => {
    expect(problems({ 'recipes/other.yaml': recipe('data') })).toMatchObject([
      { key: 'package:other@x86_64', code: 'CATALOG_FILE_NAME' },
    ]);
  });

  test('an image without tests', () => {
    expect(problems({ 'images/bare.yaml': image(['data']) })).toMatchObject([
      { key: 'image:bare', code: 'CATALOG_IMAGE_UNTESTED' },
    ]);
  });

  test('recipes that wait for each other', () => {
    const cycle = {
      'recipes/a.yaml': recipe('a', { environment: ['b'] }),
      'recipes/b.yaml': recipe('b', { environment: ['a-dev'] }),
    };
    expect(problems(cycle)).toMatchObject([
      { key: 'package:a@x86_64', code: 'CATALOG_CYCLE' },
      { key: 'package:b@x86_64', code: 'CATALOG_CYCLE' },
    ]);
  });
});

describe('a catalog beside another', () => {
  const own = {
    'catalog.yaml': 'name: own\nnamespace: me\ndate: 2026-02-03\n',
    'recipes/hello.yaml': recipe('hello', { environment: ['zip-dev'] }),
    'images/hello.yaml': image(['hello']),
    'images/hello.test.yaml': imageTest(),
  };

  test('uses what the first one gives, inherits its environment, and resolves against itself first', () => {
    const read = readCatalogs([source('catalog', files), source('own', own)], 'x86_64');
    expect(read.catalogs.map((one) => one.name)).toEqual(['base', 'own']);
    expect(closureOf(read, 'package:hello@x86_64')).toEqual(['package:zip@x86_64']);
    expect(bundleOf(read, 'package:hello@x86_64')).toMatchObject({
      settings: { name: 'own', environmentPackages: ['seed-base'], variables: { CFLAGS: '-O2' } },
    });
    const namespaces = ['package:zip@x86_64', 'package:hello@x86_64'].map((key) => {
      const bundle = bundleOf(read, key);
      if (bundle.kind !== 'package') throw new Error(`assertion failed: ${bundle.kind}`);
      return ['own', 'base', 'seed'].map((repository) => namespaceOf(bundle.settings, repository));
    });
    expect(namespaces).toEqual([
      ['example', 'example', 'example'],
      ['me', 'example', 'example'],
    ]);
    expect(bundleOf(read, 'image:hello')).toMatchObject({ repositories: ['own', 'base'] });
  });

  test('compresses layers as the first one does, unless it says otherwise', () => {
    const compressionOf = (first: string, second: string, key: string): unknown => {
      const read = readCatalogs(
        [
          source('catalog', { ...files, 'catalog.yaml': settings + first }),
          source('own', { ...own, 'catalog.yaml': own['catalog.yaml'] + second }),
        ],
        'x86_64',
      );
      return (bundleOf(read, key) as { settings?: { compression?: unknown } }).settings
        ?.compression;
    };
    const zstd = 'images: {compression: zstd}\n';
    for (const key of ['image:hello', 'package:hello@x86_64']) {
      expect(compressionOf('', '', key)).toBeUndefined();
      expect(compressionOf(zstd, '', key)).toBe('zstd');
      expect(compressionOf('', zstd, key)).toBe('zstd');
      expect(compressionOf(zstd, 'images: {compression: gzip}\n', key)).toBe('gzip');
    }
    expect(compressionOf('', zstd, 'image:server')).toBeUndefined();
    expect(() => compressionOf('', 'images: {compression: xz}\n', 'image:hello')).toThrow(
      expect.objectContaining({ position: { file: 'own/catalog.yaml', line: 4, column: 23 } }),
    );
  });

  test('may not take a recipe’s name', () => {
    const read = readCatalogs(
      [source('catalog', files), source('own', { ...own, 'recipes/zip.yaml': recipe('zip') })],
      'x86_64',
    );
    expect(read.catalogs[1]?.problems).toMatchObject([
      { key: 'package:zip@x86_64', code: 'CATALOG_RECIPE_TAKEN' },
    ]);
  });

  test('may not have the first one’s name', () => {
    expect(() =>
      readCatalogs(
        [source('catalog', files), source('own', { ...own, 'catalog.yaml': settings })],
        'x86_64',
      ),
    ).toThrow(/two catalogs are called "base"/);
  });
});
