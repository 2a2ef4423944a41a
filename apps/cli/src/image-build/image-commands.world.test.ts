import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import fs from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { readIndexFile, writeIndexFile } from '@kiln/apk-files';
import { assert, collect, digestOf, seededRandom, systemClock } from '@kiln/base';
import { mediaTypes, parseIndex, parseManifest } from '@kiln/oci';
import { readTar } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runApko } from '../apko/dispatch.ts';
import { startTicks } from '../client.ts';
import { parseInvocation } from '../command.ts';
import type { Command } from '../command.ts';
import { imageBuild } from '../commands/image-build.ts';
import { imageDot } from '../commands/image-dot.ts';
import { imageLock } from '../commands/image-lock.ts';
import { imagePublish } from '../commands/image-publish.ts';
import { imageBuildCpio, imageBuildMinirootfs } from '../commands/image-root.ts';
import { imageShowConfig } from '../commands/image-show-config.ts';
import { imageShowPackages } from '../commands/image-show-packages.ts';
import type { Config } from '../config.ts';
import { readConfig } from '../config.ts';

const repositories = fileURLToPath(new URL('../../testdata/apko/repos', import.meta.url));
const start = process.cwd();
const environment = { ...process.env };

let root: string;
let config: Config;
let count = 0;

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-image-test-'));
  process.env['XDG_CACHE_HOME'] = path.join(root, 'cache');
  process.env['DOCKER_CONFIG'] = path.join(root, 'docker');
  delete process.env['SOURCE_DATE_EPOCH'];
  config = readConfig({ KILN_HOME: path.join(root, 'home') });
});
beforeEach(() => enterFolder());
afterAll(() => {
  process.chdir(start);
  process.env = environment;
  fs.rmSync(root, { recursive: true, force: true });
});

/** A folder of its own, with the repositories in it. */
function enterFolder(): void {
  const folder = path.join(root, `folder-${++count}`);
  fs.mkdirSync(folder);
  fs.symlinkSync(repositories, path.join(folder, 'repos'));
  process.chdir(folder);
}

const places = 'repositories: [./repos/main]\n  keyring: [./repos/parity.rsa.pub]';

function write(contents: string, more = 'archs: [x86_64, aarch64]', file = 'image.yaml'): void {
  fs.writeFileSync(file, `contents:\n  ${contents}\n${more}\n`);
}

function filesBelow(folder: string, ending: string): readonly string[] {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(ending));
  return names.map((name) => path.join(folder, name));
}

/** Also where the file has another name elsewhere, which stays as it is. */
function damage(file: string): void {
  const bytes = fs.readFileSync(file);
  fs.rmSync(file);
  fs.writeFileSync(file, bytes.fill(0, bytes.length >> 1));
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly talk: string;
}

async function run(command: Command, ...words: readonly string[]): Promise<Ran> {
  let out = '';
  let talk = '';
  const print = {
    data: (text: string): void => void (out += text),
    talk: (text: string): void => void (talk += text),
  };
  return { code: await command.run(parseInvocation(command, words, config, print)), out, talk };
}

async function entriesOf(file: string): Promise<ReadonlyMap<string, TarEntry & { text: string }>> {
  const found = new Map<string, TarEntry & { text: string }>();
  for await (const { entry, content } of readTar(fs.createReadStream(file))) {
    const chunks = content instanceof Uint8Array ? [content] : content;
    const bytes = await collect(streamOf(chunks), 2 ** 24, () => new Error('large'));
    found.set(entry.path, { ...entry, text: Buffer.from(bytes).toString() });
  }
  return found;
}

async function* streamOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** In a process of its own, whose standard output `to` says in the shell. */
function runProgram(to: string, ...words: readonly string[]): SpawnSyncReturns<Buffer> {
  const program = fileURLToPath(new URL('../main.ts', import.meta.url));
  fs.mkdirSync('temporary', { recursive: true });
  const own = { TMPDIR: path.resolve('temporary'), NODE_DISABLE_COMPILE_CACHE: '1' };
  const env = { ...process.env, ...own };
  const command = ['set -o pipefail; "$@"', to].join(' ');
  return spawnSync('bash', ['-c', command, 'kiln', process.execPath, program, ...words], { env });
}

describe('an archive for standard output', () => {
  beforeEach(() =>
    write(`${places}\n  packages: [merged-layout, hello, modes]`, 'archs: [x86_64]'),
  );

  test.each([
    ['image build', imageBuild, []],
    ['image build', imageBuild, ['--compat', 'apko']],
    ['image build-minirootfs', imageBuildMinirootfs, []],
    ['image build-cpio', imageBuildCpio, []],
  ])('is all that is there: %s', async (name, command, more) => {
    const words = ['image.yaml', ...more];
    await run(command, ...words, '-o', 'file.tar');
    const { status, stdout, stderr } = runProgram('', ...name.split(' '), ...words, '-o', '-');
    expect([status, stderr.toString()]).toEqual([0, expect.stringMatching(/^standard output/m)]);
    expect(stdout.equals(fs.readFileSync('file.tar'))).toBe(true);
  });

  test('is refused beside JSON', async () => {
    await expect(run(imageBuild, 'image.yaml', '-o', '-', '--json')).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  test.each([
    ['a reader that has enough', '| true', 0, ''],
    ['a full disk', '> /dev/full', 75, 'no space left on device'],
  ])('leaves nothing behind with %s', (_, to, code, told) => {
    const { status, stderr } = runProgram(to, 'image', 'build', 'image.yaml', '-o', '-');
    expect(status).toBe(code);
    expect(stderr.toString().match(/^error.*: (.*)$/gm) ?? []).toHaveLength(told === '' ? 0 : 1);
    expect(stderr.toString()).toContain(told);
    expect(fs.readdirSync('temporary')).toEqual([]);
  });
});

describe('kiln image build', () => {
  test('gives equal bytes elsewhere and later, images in the order of architectures', async () => {
    const archives: Buffer[] = [];
    for (const words of [
      ['-o', 'image.tar'],
      ['-o', 'image.tar', '--cache-dir', './own-cache'],
    ]) {
      enterFolder();
      write(`${places}\n  packages: [merged-layout, hello, modes]`, 'archs: [aarch64, x86_64]');
      const { code, talk } = await run(imageBuild, 'image.yaml', ...words);
      expect(code).toBe(0);
      expect(talk).toContain('x86_64 aarch64, 4 packages');
      archives.push(fs.readFileSync('image.tar'));
    }
    expect(archives[0]?.equals(archives[1] ?? Buffer.alloc(0))).toBe(true);
    const entries = await entriesOf('image.tar');
    const manifest = JSON.parse(entries.get('manifest.json')?.text ?? '') as {
      readonly RepoTags: readonly string[];
    }[];
    expect(manifest.map((one) => one.RepoTags)).toEqual([
      ['image:latest-amd64'],
      ['image:latest-arm64'],
    ]);
    expect([...entries.values()].every((entry) => entry.mtimeSeconds === 0)).toBe(true);
  });

  test('writes a layout with the image under its tag, and says what is in it', async () => {
    write(`${places}\n  packages: [hello]`);
    const { out } = await run(imageBuild, 'image.yaml', '-o', 'a/layout/', '-t', 'x/y:1', '--json');
    const told = JSON.parse(out) as {
      readonly digest: string;
      readonly sizeBytes: number;
      readonly images: readonly { readonly digest: string; readonly arch: string }[];
    };
    const index = parseIndex(fs.readFileSync('a/layout/index.json'));
    expect(index.manifests).toMatchObject([
      {
        digest: told.digest,
        annotations: {
          'org.opencontainers.image.ref.name': '1',
          'io.containerd.image.name': 'docker.io/x/y:1',
        },
      },
    ]);
    expect(told).toMatchObject({
      tags: ['x/y:1'],
      output: 'a/layout/',
      images: [
        {
          arch: 'x86_64',
          packages: [{ name: 'libhello' }, { name: 'hello', version: '2.12.1-r3' }],
        },
        { arch: 'aarch64' },
      ],
    });
    const blobs = fs.readdirSync('a/layout/blobs/sha256');
    const sizes = blobs.map((name) => fs.statSync(`a/layout/blobs/sha256/${name}`).size);
    expect(told.sizeBytes).toBe(sizes.reduce((sum, one) => sum + one, 0));
    const manifest = parseManifest(
      fs.readFileSync(`a/layout/blobs/sha256/${told.images[0]?.digest.slice(7)}`),
    );
    expect(manifest.layers.length).toBeGreaterThan(0);
  });

  test('refuses outputs that are neither, and says so before it reads anything', async () => {
    for (const words of [[], ['-o', 'image.tar.gz'], ['-o', 'image']])
      await expect(run(imageBuild, 'none.yaml', ...words)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run(imagePublish, 'none.yaml', 'nginx')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('names no registry'),
    });
  });

  test('refuses at once what does not resolve, an empty list, and unknown architectures', async () => {
    write(`${places}\n  packages: [hello, no-such-package]`);
    const build = (...words: readonly string[]): Promise<Ran> =>
      run(imageBuild, 'image.yaml', '-o', 'x.tar', ...words);
    await expect(build()).rejects.toMatchObject({
      code: 'IMAGE_LOCK_UNSOLVED',
      message: expect.stringContaining('no-such-package'),
    });
    write(`${places}`);
    await expect(build()).rejects.toMatchObject({
      code: 'IMAGE_CONFIG_INVALID',
      message: expect.stringContaining('no packages'),
    });
    expect((await build('-p', 'hello')).code).toBe(0);
    await expect(build('--arch', 'mips')).rejects.toMatchObject({ code: 'USAGE' });
    write('packages: [hello]');
    await expect(build()).rejects.toMatchObject({
      code: 'IMAGE_NO_REPOSITORY',
      hint: expect.stringContaining('kiln up'),
    });
    expect(fs.existsSync('x.tar')).toBe(true);
  });

  test('refuses passwords in addresses, with the place', async () => {
    write('repositories: ["https://me:secret@example.org/os"]\n  packages: [hello]');
    const error: unknown = await run(imageBuild, 'image.yaml', '-o', 'x.tar').catch((one) => one);
    expect(error).toMatchObject({
      code: 'IMAGE_CONFIG_INVALID',
      position: { file: 'image.yaml', line: 2, column: 18 },
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
    write(`${places}\n  packages: [hello]`);
    const words = ['-o', 'x.tar', '-r', 'https://me:secret@example.org/os'];
    const other: unknown = await run(imageBuild, 'image.yaml', ...words).catch((one) => one);
    expect(other).toMatchObject({ code: 'IMAGE_CREDENTIALS' });
    expect(String(other)).not.toContain('secret');
    write(`${places}\n  pakages: [hello]`);
    await expect(run(imageBuild, 'image.yaml', '-o', 'x.tar')).rejects.toMatchObject({
      code: 'YAML_UNKNOWN_KEY',
      position: { line: 4, column: 3 },
    });
  });

  test('keeps owners and records nothing of the command line', async () => {
    write(`${places}\n  packages: [merged-layout, modes]`, 'archs: [x86_64]');
    const more = ['-r', './repos/extra', '-b', './repos/edge', '-k', './repos/parity.rsa.pub'];
    await run(imageBuildMinirootfs, 'image.yaml', '-o', 'root.tar', ...more);
    await run(imageBuildMinirootfs, 'image.yaml', '-o', 'apko.tar', ...more, '--compat', 'apko');
    const [kiln, apko] = [await entriesOf('root.tar'), await entriesOf('apko.tar')];
    const owners = (entries: typeof kiln): ReadonlySet<string> =>
      new Set([...entries.values()].map(({ uid, gid }) => `${uid}:${gid}`));
    expect(owners(apko)).toEqual(new Set(['0:0']));
    expect(owners(kiln).size).toBeGreaterThan(1);
    expect(kiln.get('etc/apk/repositories')?.text).toBe('./repos/main\n');
    expect(kiln.get('etc/apko.json')?.text).not.toMatch(/extra|edge/);
    expect(kiln.get('etc/apko.json')?.text).toContain('"packages":["merged-layout=1.0-r0","modes=');
    expect(apko.get('etc/apk/repositories')?.text).toContain('./repos/extra');
  });

  test('writes SBOMs where they are asked for, made by Kiln', async () => {
    write(`${places}\n  packages: [hello]`, 'archs: [x86_64]');
    const { out } = await run(
      imageBuild,
      'image.yaml',
      '-o',
      'x.tar',
      '--sbom-path',
      'a/b',
      '--json',
    );
    const { sboms } = JSON.parse(out) as { readonly sboms: readonly string[] };
    expect(sboms).toEqual(['a/b/sbom-x86_64.spdx.json', 'a/b/sbom-index.spdx.json']);
    for (const file of sboms) {
      const { creationInfo } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
        readonly creationInfo: { readonly creators: readonly string[] };
      };
      expect(creationInfo.creators.filter((one) => one.startsWith('Tool: '))).toEqual([
        expect.stringMatching(/^Tool: kiln/),
      ]);
    }
    expect(fs.readFileSync('a/b/sbom-x86_64.spdx.json', 'utf8')).toContain(
      '{"relatedSpdxElement":"SPDXRef-Layer-',
    );
    expect(fs.readdirSync('.')).not.toContain('sbom-index.spdx.json');
  });

  test.each([
    ['kiln', []],
    ['apko', ['--compat', 'apko']],
  ])('writes a blob that is damaged in a folder again: %s', async (_dialect, words) => {
    write(`${places}\n  packages: [merged-layout, hello]`, 'archs: [x86_64]');
    const build = async (): Promise<readonly string[]> => {
      await run(imageBuild, 'image.yaml', '-o', 'layout/', '-t', 'x/y:1', ...words);
      return fs.readdirSync('layout/blobs/sha256').map((name) => `layout/blobs/sha256/${name}`);
    };
    const blobs = await build();
    for (const [i, blob] of blobs.entries()) {
      if (i % 2 === 0) fs.truncateSync(blob);
      else fs.appendFileSync(blob, 'more');
    }
    await build();
    for (const blob of blobs)
      expect(digestOf(fs.readFileSync(blob))).toBe(`sha256:${path.basename(blob)}`);
  });

  test('writes SBOMs in each format that is named, and refuses others before it reads anything', async () => {
    write(`${places}\n  packages: [hello]`);
    const sbomsIn = async (folder: string, ...words: readonly string[]): Promise<string[]> => {
      await run(imageBuild, 'image.yaml', '-o', 'x.tar', '--sbom-path', folder, ...words);
      return fs.readdirSync(folder).sort();
    };
    expect(await sbomsIn('both', '--sbom-formats', 'cyclonedx,spdx')).toEqual([
      'sbom-aarch64.cdx.json',
      'sbom-aarch64.spdx.json',
      'sbom-index.spdx.json',
      'sbom-x86_64.cdx.json',
      'sbom-x86_64.spdx.json',
    ]);
    const repeated = ['--sbom-formats', 'cyclonedx', '--sbom-formats', 'cyclonedx'];
    const alone = ['sbom-aarch64.cdx.json', 'sbom-x86_64.cdx.json'];
    expect(await sbomsIn('one', ...repeated)).toEqual(alone);
    for (const name of alone)
      expect(fs.readFileSync(`one/${name}`)).toEqual(fs.readFileSync(`both/${name}`));
    const bill: unknown = JSON.parse(fs.readFileSync('one/sbom-x86_64.cdx.json', 'utf8'));
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      components: expect.arrayContaining([
        expect.objectContaining({ name: 'hello', version: '2.12.1-r3' }),
      ]),
    });
    for (const words of [
      ['--sbom-formats', 'spdx'],
      ['--sbom-path', 'x', '--sbom-formats', 'spdx,syft'],
      ['--sbom-path', 'x', '--sbom-formats', ''],
      ['--sbom-path', 'x', '--sbom-formats', 'cyclonedx', '--compat', 'apko'],
    ])
      await expect(run(imageBuild, 'none.yaml', '-o', 'x.tar', ...words)).rejects.toMatchObject({
        code: 'USAGE',
      });
    expect(await sbomsIn('apko', '--compat', 'apko', '--sbom-formats', 'spdx')).toEqual([
      'sbom-aarch64.spdx.json',
      'sbom-index.spdx.json',
      'sbom-x86_64.spdx.json',
    ]);
  });

  test.each([
    ['a file', 'image.yaml/sboms', 'IMAGE_OUTPUT'],
    ['processes', '/proc/sboms/x', 'HOST_CALL_FAILED'],
  ])('writes no image whose SBOMs would be below %s', async (_what, folder, code) => {
    write(`${places}\n  packages: [hello]`);
    const built = run(imageBuild, 'image.yaml', '-o', 'x.tar', '--sbom-path', folder);
    await expect(built).rejects.toMatchObject({ code });
    expect(fs.existsSync('x.tar')).toBe(false);
  });

  test('with --compat apko tags the last image of those for 32-bit ARM', async () => {
    fs.mkdirSync('arm');
    for (const arch of ['armhf', 'armv7'])
      fs.symlinkSync(path.resolve('repos/main/x86_64'), `arm/${arch}`);
    write(
      'repositories: [./arm]\n  keyring: [./repos/parity.rsa.pub]\n  packages: [hello]',
      'archs: [armhf, armv7]',
    );
    await run(imageBuild, 'image.yaml', '-o', 'image.tar', '-t', 'x/y:1', '--compat', 'apko');
    const entries = await entriesOf('image.tar');
    const [manifest, ...more] = JSON.parse(entries.get('manifest.json')?.text ?? '') as {
      readonly Config: string;
      readonly RepoTags: readonly string[];
    }[];
    expect(more).toEqual([]);
    expect(manifest?.RepoTags).toEqual(['index.docker.io/x/y:1-arm']);
    expect(JSON.parse(entries.get(manifest?.Config ?? '')?.text ?? '')).toMatchObject({
      architecture: 'arm',
      variant: 'v7',
    });
    expect(parseIndex(Buffer.from(entries.get('index.json')?.text ?? '')).manifests).toHaveLength(
      2,
    );
  });

  test('with --compat apko makes what kiln apko makes', async () => {
    write(`${places}\n  packages: [merged-layout, hello, modes]`);
    await run(
      imageBuild,
      'image.yaml',
      '-o',
      'a.tar',
      '-t',
      'x.example.org/yy:1',
      '--compat',
      'apko',
    );
    const apko = (name: string): Promise<number> =>
      runApko(['build', 'image.yaml', name, 'b.tar'], {
        print: { data: () => undefined, talk: () => undefined },
        environment: process.env,
        clock: systemClock,
        signal: new AbortController().signal,
      });
    expect(await apko('x.example.org/y:1')).toBe(1);
    expect(await apko('x.example.org/yy:1')).toBe(0);
    expect(fs.readFileSync('a.tar').equals(fs.readFileSync('b.tar'))).toBe(true);
    await expect(
      run(imageBuild, 'image.yaml', '-o', 'a.tar', '--compat', 'docker'),
    ).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('compresses layers as it is told, whatever an earlier build left in the caches', async () => {
    write(`${places}\n  packages: [merged-layout, hello, modes]`, 'archs: [x86_64]');
    const typesOf = async (file: string, ...words: readonly string[]): Promise<unknown> => {
      await run(imageBuild, 'image.yaml', '-o', file, ...words);
      const manifests = [...(await entriesOf(file)).values()].filter(({ text }) =>
        text.startsWith('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.'),
      );
      return new Set(
        manifests.flatMap(({ text }) =>
          parseManifest(Buffer.from(text)).layers.map(({ mediaType }) => mediaType),
        ),
      );
    };
    const own = ['--cache-dir', './own-cache'];
    const zstd = ['--compression', 'zstd'];
    expect(await typesOf('gzip.tar', ...own)).toEqual(new Set([mediaTypes.layerGzip]));
    expect(await typesOf('zstd.tar', ...own, ...zstd)).toEqual(new Set([mediaTypes.layerZstd]));
    await typesOf('again.tar', '--cache-dir', './another', ...zstd);
    await typesOf('named.tar', ...own, '--compression', 'gzip');
    expect(fs.readFileSync('again.tar').equals(fs.readFileSync('zstd.tar'))).toBe(true);
    expect(fs.readFileSync('named.tar').equals(fs.readFileSync('gzip.tar'))).toBe(true);
  });

  test('makes a layer again that an earlier build left and that is damaged', async () => {
    write(`${places}\n  packages: [merged-layout, hello, modes]`, 'archs: [x86_64]');
    const own = ['--cache-dir', './own-cache'];
    await run(imageBuild, 'image.yaml', '-o', 'first.tar', '-t', 'a', ...own);
    const kept = filesBelow('own-cache/layers/whole', '.layer');
    expect(kept).not.toEqual([]);
    kept.forEach(damage);
    await run(imageBuild, 'image.yaml', '-o', 'second.tar', '-t', 'a', ...own);
    expect(fs.readFileSync('second.tar')).toEqual(fs.readFileSync('first.tar'));
    expect(fs.readdirSync('own-cache/layers/whole')).toHaveLength(2 * kept.length);
  });

  test('writes no half of a damaged layer where it cannot be taken back', async () => {
    write(`${places}\n  packages: [merged-layout, hello, modes]`, 'archs: [x86_64]');
    const words = ['image.yaml', '-t', 'a', '--cache-dir', './own-cache'];
    await run(imageBuild, ...words, '-o', 'first.tar');
    filesBelow('own-cache/layers/whole', '.layer').forEach(damage);
    const { status, stdout } = runProgram('', 'image', 'build', ...words, '-o', '-');
    expect(status).toBe(0);
    expect(stdout.equals(fs.readFileSync('first.tar'))).toBe(true);
  });

  test('unpacks packages again that an earlier build left and that are damaged', async () => {
    write(`${places}\n  packages: [merged-layout, hello, modes]`, 'archs: [x86_64]');
    const own = ['--cache-dir', './own-cache'];
    await run(imageBuild, 'image.yaml', '-o', 'first.tar', '-t', 'a', ...own);
    fs.rmSync('own-cache/layers', { recursive: true });
    filesBelow('own-cache/expanded', '.tar').forEach(damage);
    await run(imageBuild, 'image.yaml', '-o', 'second.tar', '-t', 'a', ...own);
    expect(fs.readFileSync('second.tar')).toEqual(fs.readFileSync('first.tar'));
  });

  test('refuses compressions that there are not, and zstd where apko’s rules count', async () => {
    write(`${places}\n  packages: [hello]`);
    const words = ['image.yaml', '-o', 'x.tar', '--compression'];
    await expect(run(imageBuild, ...words, 'xz')).rejects.toMatchObject({
      code: 'USAGE',
      message: '--compression is gzip or zstd, and not "xz"',
    });
    await expect(run(imageBuild, ...words, 'zstd', '--compat', 'apko')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('apko writes gzip'),
    });
    expect((await run(imageBuild, ...words, 'gzip', '--compat', 'apko')).code).toBe(0);
  });

  test('builds an architecture once that is listed twice, and locks it once', async () => {
    write(`${places}\n  packages: [hello]`, 'archs: [x86_64, amd64]');
    const { out } = await run(imageBuild, 'image.yaml', '-o', 'x.tar', '--json');
    expect((JSON.parse(out) as { images: unknown[] }).images).toHaveLength(1);
    expect((await run(imageLock, 'image.yaml')).talk).toBe('x86_64: 2 packages\n');
  });

  test('takes its date from the flag', async () => {
    write(`${places}\n  packages: [hello]`, 'archs: [x86_64]');
    const words = ['-o', 'root.tar', '--build-date', '2020-01-02T03:04:05Z'];
    await run(imageBuild, 'image.yaml', ...words);
    const entries = [...(await entriesOf('root.tar')).values()];
    expect(
      entries.filter(({ text }) => text.includes('"created":"2020-01-02T03:04:05Z"')),
    ).not.toEqual([]);
  });
});

describe('kiln image lock', () => {
  const build = (file: string, ...words: readonly string[]): Promise<Ran> =>
    run(imageBuild, 'image.yaml', '-o', file, '-t', 'image:1', ...words);

  test('gives what a build without it gives, without indexes and keys at hand', async () => {
    fs.cpSync('repos/main', 'main', { recursive: true });
    fs.mkdirSync('keys');
    fs.copyFileSync('repos/parity.rsa.pub', 'keys/parity.rsa.pub');
    write('repositories: [./main]\n  keyring: [./keys]\n  packages: [merged-layout, hello]');
    await build('free.tar');
    expect((await run(imageLock, 'image.yaml', '-o', 'x.json')).out).toBe('x.json\n');
    fs.rmSync('keys', { recursive: true });
    fs.rmSync('main/x86_64/APKINDEX.tar.gz');
    await build('locked.tar', '--lockfile', 'x.json');
    expect(fs.readFileSync('locked.tar').equals(fs.readFileSync('free.tar'))).toBe(true);
    const root = ['-o', 'root.tar', '--arch', 'x86_64', '--lockfile', 'x.json'];
    await run(imageBuildMinirootfs, 'image.yaml', ...root);
    expect((await entriesOf('root.tar')).has('etc/apk/keys/parity.rsa.pub')).toBe(true);
  });

  test('goes to standard output whole, and to no file', async () => {
    write(`${places}\n  packages: [hello]`, 'archs: [x86_64]');
    await run(imageLock, 'image.yaml');
    const { out, talk } = await run(imageLock, 'image.yaml', '-o', '-');
    expect(out).toBe(fs.readFileSync('image.lock.json', 'utf8'));
    expect(talk).toBe('x86_64: 2 packages\n');
    expect(fs.existsSync('-')).toBe(false);
    await expect(run(imageLock, 'image.yaml', '-o', '-', '--json')).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  test('is refused where it is of another configuration, lacks an architecture or is not there', async () => {
    write(`${places}\n  packages: [hello]`);
    await run(imageLock, 'image.yaml', '--arch', 'x86_64');
    expect(fs.existsSync('image.lock.json')).toBe(true);
    const lock = ['--lockfile', 'image.lock.json'];
    await expect(build('x.tar', ...lock)).rejects.toMatchObject({
      code: 'IMAGE_LOCK_ARCHITECTURE',
      message: expect.stringContaining('arm64'),
    });
    expect((await build('x.tar', ...lock, '--arch', 'x86_64')).code).toBe(0);
    await expect(build('x.tar', ...lock, '-p', 'modes')).rejects.toMatchObject({ code: 'USAGE' });
    fs.appendFileSync('image.yaml', '# a comment\n');
    await expect(build('x.tar', ...lock)).rejects.toMatchObject({ code: 'IMAGE_LOCK_STALE' });
    await expect(build('x.tar', '--lockfile', 'absent.json')).rejects.toMatchObject({
      code: 'LOCAL_FILE_NOT_FOUND',
      message: 'there is no file "absent.json"',
    });
  });

  test('holds packages that are of no architecture', async () => {
    fs.cpSync('repos/main', 'main', { recursive: true });
    const file = 'main/x86_64/APKINDEX.tar.gz';
    const index = await readIndexFile(file);
    assert(index !== undefined, 'the repository has an index');
    const noarch = [...index.records].map((one) => ({ ...one, arch: 'noarch' }));
    const options = { description: '', key: undefined, random: seededRandom(1) };
    await writeIndexFile(file, noarch, options);
    write('repositories: [./main]\n  packages: [merged-layout, hello]', 'archs: [x86_64]');
    await build('free.tar', '--ignore-signatures');
    await run(imageLock, 'image.yaml', '--ignore-signatures');
    await build('locked.tar', '--lockfile', 'image.lock.json');
    expect(fs.readFileSync('locked.tar').equals(fs.readFileSync('free.tar'))).toBe(true);
  });

  test('holds what the command line adds', async () => {
    write('packages: [hello]', 'archs: [x86_64]');
    const added = ['-r', './repos/main', '-k', './repos/parity.rsa.pub', '-p', 'modes'];
    const { out } = await run(imageLock, 'image.yaml', '--json', ...added);
    const { packages } = JSON.parse(out) as { packages: { name: string; checksum: string }[] };
    expect(packages.map(({ name }) => name)).toContain('modes');
    const lock = JSON.parse(fs.readFileSync('image.lock.json', 'utf8')) as {
      readonly contents: { readonly keyring: readonly unknown[] };
    };
    expect(lock.contents.keyring).toMatchObject([
      { url: './repos/parity.rsa.pub', content: expect.stringContaining('PUBLIC KEY') },
    ]);
    expect((await build('x.tar', '--lockfile', 'image.lock.json')).code).toBe(0);
  });
});

describe('what a configuration means', () => {
  test('is printed: packages, configuration, graph', async () => {
    write(`${places}\n  packages: [hello]`, 'archs: [x86_64]\nentrypoint: {command: /bin/x}');
    expect((await run(imageShowPackages, 'image.yaml', '--format', 'packagelock')).out).toBe(
      '- libhello=2.12.1-r3\n- hello=2.12.1-r3\n',
    );
    const rows = JSON.parse((await run(imageShowPackages, 'image.yaml', '--json')).out) as unknown;
    expect(rows).toMatchObject([
      {
        arch: 'x86_64',
        packages: [
          { name: 'libhello', checksum: expect.stringMatching(/^Q1/) },
          { name: 'hello', url: './repos/main/x86_64/hello-2.12.1-r3.apk' },
        ],
      },
    ]);
    expect((await run(imageShowConfig, 'image.yaml')).out).toContain('command: /bin/x\n');
    const shown = JSON.parse((await run(imageShowConfig, 'image.yaml', '--json')).out) as unknown;
    expect(shown).toMatchObject({ contents: { packages: ['hello'] }, archs: ['amd64'] });
    expect((await run(imageDot, 'image.yaml')).out).toContain('"so:libhello.so.1" -> "libhello"');
  });

  test('refuses a configuration that is not UTF-8', async () => {
    fs.writeFileSync('image.yaml', Buffer.from('cmd: \xff\n', 'latin1'));
    await expect(run(imageShowConfig, 'image.yaml')).rejects.toMatchObject({
      code: 'IMAGE_CONFIG_UNREADABLE',
      message: expect.stringContaining('image.yaml: not UTF-8'),
    });
  });

  test('takes a configuration in UTF-16 as apko does, and not as itself', async () => {
    const text = '\ufeff{contents: {repositories: [./repos/main]}, cmd: é}\n';
    for (const bytes of [Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()]) {
      fs.writeFileSync('image.yaml', bytes);
      const { out } = await run(imageShowConfig, 'image.yaml', '--compat', 'apko');
      expect(out).toContain('cmd: é\n');
      await expect(run(imageShowConfig, 'image.yaml')).rejects.toThrow('not UTF-8');
    }
    fs.appendFileSync('image.yaml', 'x');
    await expect(run(imageShowConfig, 'image.yaml', '--compat', 'apko')).rejects.toThrow(
      'not UTF-16',
    );
  });

  test('is without the blanks around the address of a repository', async () => {
    const blanks = 'repositories: ["@own  ./repos/main/ "]\n  keyring: [./repos/parity.rsa.pub]';
    write(`${blanks}\n  packages: [libhello@own]`, 'archs: [x86_64]');
    const format = ['--format', '{{.Source}}'];
    expect((await run(imageShowPackages, 'image.yaml', ...format)).out).toBe(
      './repos/main/x86_64/libhello-2.12.1-r3.apk\n',
    );
    await run(imageLock, 'image.yaml', '--compat', 'apko');
    expect(fs.readFileSync('image.lock.json', 'utf8')).toContain('"name": "libhello"');
  });

  test('shows a configuration with what the command line adds, as far as an image records it', async () => {
    write(`${places}\n  packages: [hello]`);
    const more = ['-p', 'modes', '-r', './repos/other', '-k', './other.pub', '--cache-dir', 'own'];
    const { out } = await run(imageShowConfig, 'image.yaml', ...more, '--json');
    const { contents } = JSON.parse(out) as { contents: Record<string, unknown> };
    expect(contents['packages']).toEqual(['hello', 'modes']);
    expect(contents['repositories']).toEqual(['./repos/main']);
    expect(contents['keyring']).toEqual(['./repos/parity.rsa.pub']);
    const wrong = run(imageShowConfig, 'image.yaml', '-p', 'a b');
    await expect(wrong).rejects.toMatchObject({ code: 'IMAGE_CONFIG_INVALID' });
  });

  test('shows what apko shows, and refuses what apko could not build', async () => {
    const compat = ['--compat', 'apko', '-p', 'modes'];
    write('packages: [hello]');
    await expect(run(imageShowConfig, 'image.yaml', ...compat)).rejects.toMatchObject({
      code: 'IMAGE_NO_REPOSITORY',
    });
    const given = ['-r', './repos/main', '-k', './repos/parity.rsa.pub'];
    const { out } = await run(imageShowConfig, 'image.yaml', ...compat, ...given);
    expect(out).toContain('hello');
    expect(out).not.toContain('modes');
  });

  test('says when the command line would keep out what the configuration asks for', async () => {
    write(`${places}\n  packages: [hello~2.12]`, 'archs: [x86_64]', 'base.yaml');
    write('packages: [modes]', 'include: base.yaml');
    for (const command of [imageShowPackages, imageShowConfig])
      await expect(run(command, 'image.yaml', '-p', '!hello')).rejects.toMatchObject({
        code: 'IMAGE_CONFIG_INVALID',
        message: '--package-append "!hello" keeps out what image.yaml asks for: "hello~2.12"',
        hint: expect.stringContaining('include: image.yaml'),
      });
    const others = await run(imageShowPackages, 'image.yaml', '-p', '!libhello', '-p', '!hello<2');
    expect(others.out).toMatch(/libhello-alt/);
    write('packages: ["!hello"]', 'include: image.yaml', 'without.yaml');
    expect((await run(imageShowPackages, 'without.yaml')).out).not.toContain('hello');
  });

  test('leaves out what it refuses, of what it includes too', async () => {
    write(`${places}\n  packages: [hello, modes]`, 'archs: [x86_64, aarch64]', 'base.yaml');
    write('packages: ["!modes", "!no-such-package"]', 'include: base.yaml');
    const hello = '- libhello=2.12.1-r3\n- hello=2.12.1-r3\n';
    const show = ['image.yaml', '--arch', 'x86_64', '--format', 'packagelock'];
    expect((await run(imageShowPackages, ...show)).out).toBe(hello);
    expect((await run(imageLock, 'image.yaml')).talk).toMatch(/x86_64: 2 packages/);
    const { out } = await run(imageBuild, 'image.yaml', '-o', 'x.tar', '--json');
    expect((JSON.parse(out) as { images: { packages: unknown[] }[] }).images).toMatchObject([
      { packages: [{ name: 'libhello' }, { name: 'hello' }] },
      { packages: [{ name: 'libhello' }, { name: 'hello' }] },
    ]);
    await expect(run(imageShowPackages, ...show, '--compat', 'apko')).rejects.toMatchObject({
      code: 'IMAGE_LOCK_UNSOLVED',
    });
    write('packages: ["!libhello"]', 'include: base.yaml');
    expect((await run(imageShowPackages, ...show)).out).toMatch(/^- libhello-alt=/);
    write('packages: ["!libhello", "!libhello-alt"]', 'include: base.yaml');
    await expect(run(imageShowPackages, ...show)).rejects.toMatchObject({
      code: 'IMAGE_LOCK_UNSOLVED',
      message: expect.stringContaining('libhello'),
    });
  });

  test('that cannot be is drawn with what can, and fails', async () => {
    write(`${places}\n  packages: [hello, no-such-package]`, 'archs: [x86_64]');
    const draw = async (...words: readonly string[]): Promise<string> => {
      let out = '';
      const print = { data: (text: string) => void (out += text), talk: () => undefined };
      const invocation = parseInvocation(imageDot, ['image.yaml', ...words], config, print);
      await expect(imageDot.run(invocation)).rejects.toMatchObject({
        code: 'IMAGE_LOCK_UNSOLVED',
      });
      return out;
    };
    const drawn = await draw();
    expect(drawn).toContain('digraph images');
    expect(drawn).toContain('"image.yaml" -> "no-such-package"');
    expect(drawn).toMatch(/"error" -> .*no-such-package/);
    expect(drawn).toContain('"so:libhello.so.1" -> "libhello"');
    expect(await draw('--compat', 'apko')).toBe('');
  });
});

test('a cpio archive has every name of a file', async () => {
  write(`${places}\n  packages: [modes]`, 'archs: [x86_64, aarch64]');
  const { talk } = await run(imageBuildCpio, 'image.yaml', '-o', 'r.cpio', '--arch', 'x86_64');
  expect(talk).not.toContain('left out');
  expect(fs.readFileSync('r.cpio', 'latin1')).toContain('usr/zhard\0');
  const compat = ['-o', 'a.cpio', '--arch', 'x86_64', '--compat', 'apko'];
  expect((await run(imageBuildCpio, 'image.yaml', ...compat)).talk).toContain('left out');
  await expect(run(imageBuildCpio, 'image.yaml', '-o', 'r.cpio')).rejects.toMatchObject({
    code: 'USAGE',
  });
});

describe('next to a factory', () => {
  let server: Server;
  let asked: string[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = request.url ?? '';
      asked.push(url);
      if (url === '/api/packages') {
        response.setHeader('server', 'Kiln');
        response.end(JSON.stringify([{ repository: 'main' }, { repository: 'main' }]));
        return;
      }
      const file = path.join(repositories, url.replace(/^\/apk\//, ''));
      if (fs.existsSync(file)) response.end(fs.readFileSync(file));
      else response.writeHead(404).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    fs.mkdirSync(path.join(config.home, 'run'), { recursive: true });
    fs.mkdirSync(path.join(config.home, 'public'));
    fs.copyFileSync(
      path.join(repositories, 'parity.rsa.pub'),
      path.join(config.home, 'public/parity.rsa.pub'),
    );
    const { port } = server.address() as AddressInfo;
    fs.writeFileSync(
      path.join(config.home, 'run/factory.json'),
      JSON.stringify({ pid: process.pid, startTicks: startTicks(process.pid), port }),
    );
  });
  afterAll(() => {
    server.close();
    fs.rmSync(config.home, { recursive: true });
  });
  beforeEach(() => {
    asked = [];
  });

  test('its packages and its key are at hand, and nothing of them gets into the image', async () => {
    write('packages: [merged-layout, hello]', 'archs: [x86_64]');
    const { talk } = await run(imageBuildMinirootfs, 'image.yaml', '-o', 'root.tar');
    expect(talk).toMatch(/packages come from the factory: http:\/\/127.0.0.1:\d+\/apk\/main\n/);
    const entries = await entriesOf('root.tar');
    expect(entries.get('etc/apk/repositories')?.text).toBe('\n');
    expect([...entries.keys()].filter((name) => name.startsWith('etc/apk/keys/'))).toEqual([]);
    expect(entries.get('etc/apko.json')?.text).not.toContain('127.0.0.1');
    asked = [];
    await run(
      imageBuildMinirootfs,
      'image.yaml',
      '-o',
      'again.tar',
      '-r',
      './repos/main',
      '-k',
      'repos',
    );
    expect(asked).toEqual([]);
    expect(fs.readFileSync('again.tar').equals(fs.readFileSync('root.tar'))).toBe(true);
  });

  test('a lock names a tagged repository with its scheme, another without', async () => {
    const { port } = server.address() as AddressInfo;
    const place = `127.0.0.1:${port}/apk`;
    write(
      `repositories: [http://${place}/main, "@own http://${place}/main"]\n  keyring: [http://${place}/parity.rsa.pub]\n  packages: [hello]`,
      'archs: [x86_64]',
    );
    await run(imageLock, 'image.yaml', '--compat', 'apko');
    const lock = JSON.parse(fs.readFileSync('image.lock.json', 'utf8')) as {
      readonly contents: { readonly repositories: readonly { readonly name: string }[] };
    };
    expect(lock.contents.repositories.map(({ name }) => name)).toEqual([
      `${place}/main/x86_64`,
      `http://${place}/main/x86_64`,
    ]);
  });

  test('what was fetched is enough offline', async () => {
    const { port } = server.address() as AddressInfo;
    const address = `http://127.0.0.1:${port}/apk`;
    write('packages: [hello]', 'archs: [x86_64]');
    const words = ['-r', `${address}/main`, '-k', `${address}/parity.rsa.pub`, '-o', 'x.tar'];
    const own = ['--cache-dir', 'own'];
    await expect(
      run(imageBuild, 'image.yaml', ...words, ...own, '--offline'),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^APK_CLIENT_/),
    });
    await run(imageBuild, 'image.yaml', ...words, ...own);
    asked = [];
    expect((await run(imageBuild, 'image.yaml', ...words, ...own, '--offline')).code).toBe(0);
    expect(asked).toEqual([]);
  });
});
