import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { assert, systemClock } from '@kiln/base';
import { architectures } from '@kiln/image-config';
import { parseConfig, parseIndex, parseManifest } from '@kiln/oci';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runApko } from './dispatch.ts';

interface Recorded {
  readonly name: string;
  readonly files: Readonly<Record<string, string | { readonly base64: string }>>;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  /** What was changed in the lock: in what it says of its configuration, in its first package. */
  readonly tamper?: {
    readonly config?: Readonly<Record<string, unknown>>;
    readonly first?: Readonly<Record<string, unknown>>;
  };
  readonly expected: {
    readonly exit: number;
    /** By apk's names. */
    readonly images?: Readonly<
      Record<string, { readonly diffIds: readonly string[]; readonly config: string }>
    >;
    readonly showConfig: string | null;
    readonly lock: string | null;
    readonly minirootfs?: string | null;
    readonly packages: Readonly<Record<string, readonly string[]>>;
  };
}

const testdata = fileURLToPath(new URL('../../testdata/apko/', import.meta.url));
const recorded = fs
  .readFileSync(path.join(testdata, 'cases.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);
const repositoryFlags = [
  '--repository-append',
  '-r',
  '--build-repository-append',
  '-b',
  '--keyring-append',
  '-k',
];

let root: string;
const home = process.cwd();

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-apko-test-'));
  fs.symlinkSync(path.join(testdata, 'repos'), path.join(root, 'repos'));
});
afterAll(() => {
  process.chdir(home);
  fs.rmSync(root, { recursive: true, force: true });
});

test.each(recorded)('$name is what apko made of it', async (one) => {
  prepare(one);
  const shown = await run(one, ['show-config', 'apko.yaml', ...wordsFor(one, repositoryFlags)]);
  if (one.args.includes('--lockfile')) await giveLock(one);
  const found = {
    showConfig: shown.code === 0 ? sha256(shown.out) : null,
    lock: await lockOf(one),
    ...(await imagesOf(one)),
    ...(one.expected.minirootfs === undefined ? {} : { minirootfs: await rootOf(one) }),
    packages: await packagesOf(one),
  };
  expect(found).toEqual(one.expected);
});

const places = 'repositories: [./repos/main], keyring: [./repos/parity.rsa.pub]';

test('an index of no images is a layout, and no archive', async () => {
  const one = prepareYaml('no-images', `{contents: {${places}}}`);
  fs.mkdirSync('layout');
  const built = async (output: string): Promise<number> =>
    (await run(one, ['build', 'apko.yaml', 'ab:1', output, '--sbom=false'])).code;
  expect([await built('layout'), await built('image.tar')]).toEqual([0, 1]);
  expect(fs.existsSync('image.tar')).toBe(false);
});

test('dot fails where packages do not resolve, and draws nothing', async () => {
  const one = prepareYaml('unsolved', `{contents: {${places}, packages: [no-such-package]}}`);
  const { code, out, talk } = await run(one, ['dot', 'apko.yaml']);
  expect([code, out]).toEqual([1, '']);
  expect(talk).toMatch(/^Error: failed to get package list for image: .*no-such-package/m);
});

test('show-config looks at the base image', async () => {
  const base = 'baseimage: {image: ./nowhere, apkindex: ./nowhere}';
  const one = prepareYaml('no-base', `{contents: {${places}, ${base}}}`);
  const { code, out, talk } = await run(one, ['show-config', 'apko.yaml']);
  expect([code, out]).toEqual([1, '']);
  expect(talk).toContain('nowhere');
});

test('what a base image has is drawn, and fetched for a plain file system', async () => {
  const packages = 'packages: [docs]';
  const one = prepareYaml('based', `{contents: {${places}, ${packages}}, archs: [x86_64]}`);
  fs.mkdirSync('base/x86_64', { recursive: true });
  await run(one, ['build', 'apko.yaml', 'ab:1', 'base', '--sbom=false']);
  const base = 'baseimage: {image: ./base, apkindex: ./base}';
  fs.writeFileSync('apko.yaml', `{contents: {${places}, ${base}, packages: [app]}}`);
  const having = async (name: string): Promise<[string, number, string]> => {
    fs.writeFileSync('base/x86_64/APKINDEX', `P:${name}\nV:1-r0\nA:x86_64\nT:of base\n\n`);
    const { out } = await run(one, ['dot', 'apko.yaml', '--arch', 'x86_64']);
    const command = ['build-minirootfs', 'apko.yaml', 'root.tar', '--build-arch', 'x86_64'];
    const { code, talk } = await run(one, command);
    return [out, code, talk];
  };
  expect(await having('docs')).toEqual([
    expect.stringContaining('label="docs-1-r0"'),
    0,
    expect.anything(),
  ]);
  const [out, code, talk] = await having('unpublished');
  expect(out).toContain('label="unpublished-1-r0", tooltip="of base"');
  expect([code, talk]).toEqual([
    1,
    expect.stringContaining('no repository has its package unpublished-1-r0'),
  ]);
});

test('a slash behind an address of the command line is in the addresses of packages', async () => {
  const keyring = 'keyring: [./repos/parity.rsa.pub]';
  const one = prepareYaml('slash', `{contents: {${keyring}, packages: [docs]}, archs: [x86_64]}`);
  const words = ['--repository-append', './repos/main/'];
  await run(one, ['lock', 'apko.yaml', '--output', 'x.lock.json', ...words]);
  const lock = fs.readFileSync('x.lock.json', 'utf8');
  expect(lock).toContain('"url": "./repos/main//x86_64/docs-1-r0.apk"');
});

async function lockOf(one: Recorded): Promise<string | null> {
  const flags = [...repositoryFlags, '--arch', '--include-paths', '--ignore-signatures'];
  const words = ['lock', 'apko.yaml', '--output', 'x.lock.json', ...wordsFor(one, flags)];
  const { code } = await run(one, words);
  return code === 0 ? sha256(fs.readFileSync('x.lock.json')) : null;
}

async function imagesOf(one: Recorded): Promise<Pick<Recorded['expected'], 'exit' | 'images'>> {
  fs.mkdirSync('layout');
  fs.mkdirSync('sbom');
  const tag = `image.example.org/parity/${one.name}:latest`;
  const words = ['build', 'apko.yaml', tag, 'layout', '--sbom-path', 'sbom', ...one.args];
  const { code, talk } = await run(one, words);
  assert(code === 0 || /^Error: /m.test(talk), 'a failure says why');
  return code === 0 ? { exit: 0, images: imagesIn('layout') } : { exit: code };
}

async function packagesOf(one: Recorded): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const arch of Object.keys(one.expected.packages)) {
    const options = ['--arch', arch, '--format', 'name=version'];
    const words = ['show-packages', 'apko.yaml', ...options, ...wordsFor(one, repositoryFlags)];
    found[arch] = (await run(one, words)).out.split('\n').filter(Boolean);
  }
  return found;
}

async function rootOf(one: Recorded): Promise<string | null> {
  const flags = [...repositoryFlags, '--package-append', '-p', '--build-date'];
  const words = wordsFor(one, [...flags, '--ignore-signatures']);
  const command = ['build-minirootfs', 'apko.yaml', 'root.tar', '--build-arch', 'x86_64'];
  const { code } = await run(one, [...command, ...words]);
  return code === 0 ? sha256(fs.readFileSync('root.tar')) : null;
}

/** A folder with one configuration, under the environment of a recorded case. */
function prepareYaml(name: string, yaml: string): Recorded {
  const one = recorded.find((each) => each.name === 'minimal') ?? recorded[0];
  assert(one !== undefined, 'there are cases');
  prepare({ ...one, name, files: { 'apko.yaml': yaml } });
  return one;
}

/** A folder with the files of a case and the repositories beside them, to work in. */
function prepare({ name, files }: Recorded): void {
  const folder = path.join(root, name);
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(folder, file);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(
      place,
      typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'),
    );
  }
  fs.symlinkSync(path.join(root, 'repos'), path.join(folder, 'repos'));
  process.chdir(folder);
}

async function giveLock(one: Recorded): Promise<void> {
  const words = wordsFor(one, [...repositoryFlags, '--arch']);
  await run(one, ['lock', 'apko.yaml', '--output', 'given.lock.json', ...words]);
  if (one.tamper === undefined || !fs.existsSync('given.lock.json')) return;
  const lock = JSON.parse(fs.readFileSync('given.lock.json', 'utf8')) as {
    readonly config: object;
    readonly contents: { readonly packages: object[] };
  };
  Object.assign(lock.config, one.tamper.config);
  Object.assign(lock.contents.packages[0] ?? {}, one.tamper.first);
  fs.writeFileSync('given.lock.json', JSON.stringify(lock));
}

/** Those of the case's flags that a smaller command has. */
function wordsFor({ args }: Recorded, names: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    const next = args[at + 1];
    const takesNext = !word.includes('=') && next !== undefined && !next.startsWith('-');
    if (names.includes(word.split('=')[0] ?? '')) words.push(word, ...(takesNext ? [next] : []));
    if (takesNext) at += 1;
  }
  return words;
}

async function run(
  { environment = {} }: Recorded,
  words: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly talk: string }> {
  let out = '';
  let talk = '';
  const variables = { SOURCE_DATE_EPOCH: '1700000000', ...environment };
  const code = await runApko(words, {
    print: { data: (text) => void (out += text), talk: (text) => void (talk += text) },
    environment: {
      PATH: process.env['PATH'],
      XDG_CACHE_HOME: path.join(root, 'cache'),
      ...Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null)),
    } as Readonly<Record<string, string | undefined>>,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return { code, out, talk };
}

function imagesIn(layout: string): NonNullable<Recorded['expected']['images']> {
  const blob = (digest: string): Buffer =>
    fs.readFileSync(path.join(layout, 'blobs', ...digest.split(':')));
  const index = parseIndex(fs.readFileSync(path.join(layout, 'index.json')));
  return Object.fromEntries(
    index.manifests.map(({ digest, platform }) => {
      const manifest = parseManifest(blob(digest));
      const config = blob(manifest.config.digest);
      const arch = architectures.find(({ oci }) => oci.architecture === platform?.architecture);
      const { diffIds } = parseConfig(config);
      return [arch?.apk ?? '', { diffIds, config: sha256(config) }];
    }),
  );
}

function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
