import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const recipes = ['micro-httpd', 'tree', 'xxhash'];
/** What these recipes need none of, and half of what there is to fetch. */
const spared = new Set(
  'autoconf automake bc cmake file gettext git gperf libtool meson ninja-build python3 rsync texinfo xxd zstd'.split(
    ' ',
  ),
);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kiln-ladder-'));
  const [roots = '', rest = ''] = (await readFile(join(root, 'catalog/seed.yaml'), 'utf8')).split(
    /^(?=drop:$)/m,
  );
  const fewer = roots.split('\n').filter((line) => !spared.has(line.replace(/^ {2}- /, '')));
  await writeFile(join(directory, 'seed.yaml'), fewer.join('\n') + rest);
  await kiln('key', 'generate', 'seed.rsa', '--bits', '2048');
  await kiln('key', 'generate', 'ladder.rsa', '--bits', '2048');
  const date = ['--date', '1795219200', '--cache-dir', 'cache'];
  await kiln('seed', 'export', 'seed', '--seed', 'seed.yaml', '--signing-key', 'seed.rsa', ...date);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function kiln(...words: readonly string[]): Promise<string> {
  const run = promisify(execFile)(join(root, 'kiln'), words, {
    cwd: directory,
    maxBuffer: 64 * 2 ** 20,
  });
  return (await run).stdout;
}

function onRecipes(command: string, ...more: readonly string[]): Promise<string> {
  const files = recipes.map((name) => join(root, `catalog/ladder/recipes/${name}.yaml`));
  const options = {
    catalog: join(root, 'catalog/ladder'),
    arch: 'x86_64',
    repository: 'seed',
    keyring: 'seed.rsa.pub',
    'signing-key': 'ladder.rsa',
    'out-dir': 'packages',
    'cache-dir': 'cache',
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return kiln('package', command, ...files, ...words, '--quiet', '--json', ...more);
}

test('recipes of the ladder become packages of the exported seed, and their tests pass', async () => {
  const built = JSON.parse(await onRecipes('build', '--all')) as readonly { result: string }[];
  expect(built.map(({ result }) => result)).toEqual(recipes.map(() => 'built'));
  const files = await readdir(join(directory, 'packages/x86_64'));
  expect(files).toEqual(
    expect.arrayContaining(['libxxhash-0.8.3-r0.apk', 'micro-httpd-20140814-r0.apk']),
  );
  await onRecipes('test');
}, 600_000);

test('a guest that melange would make of the seed has no links of busybox’s applets', async () => {
  const recipe = join(directory, 'linkless.yaml');
  await writeFile(
    recipe,
    `package: {name: linkless, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [seed-base, busybox]}}
pipeline:
  - runs: |
      busybox true
      test -f /etc/busybox-paths.d/busybox
      test -z "$(find /usr /etc /home -xdev -lname '*busybox*')"
`,
  );
  const options = {
    arch: 'x86_64',
    runner: 'bubblewrap',
    'repository-append': 'seed',
    'keyring-append': 'seed.rsa.pub',
    'out-dir': 'melange',
    'apk-cache-dir': 'cache/apk',
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  await kiln('melange', 'build', recipe, '--empty-workspace', ...words);
  expect(await readdir(join(directory, 'melange/x86_64'))).toContain('linkless-1-r0.apk');
}, 300_000);

test('a guest takes another repository’s busybox, which lists its applets, in the place of the seed’s', async () => {
  await writeFile(
    join(directory, 'busybox.yaml'),
    `package: {name: busybox, version: "99", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [seed-base]}}
pipeline:
  - working-directory: \${{targets.destdir}}
    runs: |
      mkdir -p etc/busybox-paths.d usr/bin
      echo /usr/bin/applet > etc/busybox-paths.d/busybox
      printf '#!/bin/sh\\necho ours\\n' > usr/bin/busybox
      chmod +x usr/bin/busybox
`,
  );
  await writeFile(
    join(directory, 'mixed.yaml'),
    `package: {name: mixed, version: "1", epoch: 0, copyright: [{license: MIT}]}
environment: {contents: {packages: [seed-base, busybox]}}
pipeline:
  - runs: |
      test "$(busybox)" = ours
      test "$(applet)" = ours
`,
  );
  const options = {
    arch: 'x86_64',
    repository: 'seed',
    keyring: 'seed.rsa.pub',
    'cache-dir': 'cache',
    'out-dir': 'others',
    'signing-key': 'ladder.rsa',
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  await kiln('package', 'build', 'busybox.yaml', ...words);
  const mix = ['--repository', 'others', '--keyring', 'ladder.rsa.pub'];
  await kiln('package', 'build', 'mixed.yaml', ...words, ...mix);
  expect(await readdir(join(directory, 'others/x86_64'))).toContain('mixed-1-r0.apk');
}, 300_000);

test('what is built is known, and runs no second time', async () => {
  const built = JSON.parse(await onRecipes('build', '--all')) as readonly { result: string }[];
  expect(new Set(built.map(({ result }) => result))).toEqual(new Set(['known']));
});
