import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  checksumOf,
  checksumRecord,
  controlSegment,
  emptyRecord,
  parsePackageInfo,
} from '@kiln/apk';
import type { IndexRecord, PackageInfo } from '@kiln/apk';
import { writeIndexFile } from '@kiln/apk-files';
import { seededRandom } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import { directoryEntry, fileEntry, symlinkEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseInvocation } from '../command.ts';
import { imageBuild } from '../commands/image-build.ts';
import { imageLock } from '../commands/image-lock.ts';
import { imageBuildMinirootfs } from '../commands/image-root.ts';
import { readConfig } from '../config.ts';

const start = process.cwd();
let root: string;
let count = 0;

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-hostile-packages-'));
});
beforeEach(() => {
  const folder = path.join(root, `folder-${++count}`);
  fs.mkdirSync(path.join(folder, 'repo/x86_64'), { recursive: true });
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(start);
  fs.rmSync(root, { recursive: true, force: true });
});

interface Member {
  readonly entry: TarEntry;
  readonly content: Uint8Array;
}

const empty = (entry: TarEntry): Member => ({ entry, content: Buffer.alloc(0) });

function file(name: string, sum: 'right' | 'wrong' | 'none' = 'right'): Member {
  const content = Buffer.from('content');
  const sha1 = sum === 'wrong' ? '0'.repeat(40) : createHash('sha1').update(content).digest('hex');
  const pax = new Map(sum === 'none' ? [] : [[checksumRecord, Buffer.from(sha1)]]);
  return { entry: fileEntry(name, content.length, { pax }), content };
}

const plain = [empty(directoryEntry('usr')), file('usr/plain')];

/** Puts a package into the repository without asking what it holds; its record in the index. */
function put(
  name: string,
  members: readonly Member[],
  more: Partial<PackageInfo> = {},
): IndexRecord {
  const data = gzipBytes(tarBytes(members));
  const dataHash = createHash('sha256').update(data).digest('hex');
  const said = parsePackageInfo(`pkgname = ${name}\npkgver = 1.0-r0\narch = x86_64\n`);
  const control = controlSegment({ info: { ...said, ...more, dataHash }, mtimeSeconds: 0 });
  const bytes = Buffer.concat([control, data]);
  fs.writeFileSync(`repo/x86_64/${name}-1.0-r0.apk`, bytes);
  return {
    ...emptyRecord,
    name,
    version: '1.0-r0',
    arch: 'x86_64',
    depends: more.depends ?? [],
    checksum: checksumOf(control),
    sizeBytes: bytes.length,
  };
}

async function index(...records: readonly IndexRecord[]): Promise<void> {
  const options = { description: '', key: undefined, random: seededRandom(1) };
  await writeIndexFile('repo/x86_64/APKINDEX.tar.gz', records, options);
}

function write(...packages: readonly string[]): void {
  const contents = { repositories: ['./repo'], packages };
  fs.writeFileSync('image.yaml', JSON.stringify({ contents, archs: ['x86_64'] }));
}

async function run(command: typeof imageBuild, ...words: readonly string[]): Promise<void> {
  const print = { data: () => undefined, talk: () => undefined };
  const config = readConfig({ KILN_HOME: path.join(root, 'home') });
  const shared = ['--cache-dir', 'cache', '--ignore-signatures'];
  const invocation = parseInvocation(command, ['image.yaml', ...words, ...shared], config, print);
  await command.run(invocation);
}

const build = (...words: readonly string[]): Promise<void> =>
  run(imageBuild, '-o', 'image.tar', '--no-vcs', ...words);

function expectNothingWritten(): void {
  expect(fs.readdirSync('.').sort()).toEqual(['cache', 'image.yaml', 'repo']);
  expect(fs.readdirSync('..').filter((name) => !name.startsWith('folder-'))).toEqual([]);
  expect(fs.existsSync('/etc/evil')).toBe(false);
}

describe('a hostile package is refused by name, and nothing is written', () => {
  test.each([
    ['leads out', [file('../evil')], 'TAR_UNSAFE_PATH', '../evil'],
    ['is absolute', [file('/etc/evil')], 'TAR_UNSAFE_PATH', '/etc/evil'],
    [
      'goes through a link',
      [empty(symlinkEntry('a', '/tmp')), file('a/b')],
      'TAR_UNSAFE_PATH',
      'a/b',
    ],
    ['comes twice', [file('a'), file('a')], 'TAR_DUPLICATE_ENTRY', 'tar archive has "a" twice'],
    ['has a long path', [file('n/'.repeat(3000))], 'TAR_TOO_LARGE', 'path'],
    ['has no checksum', [file('a', 'none')], 'APK_FILE_CHECKSUM_MISSING', '"a"'],
    ['has the wrong checksum', [file('a', 'wrong')], 'APK_FILE_CHECKSUM_MISMATCH', '"a"'],
  ])('whose file %s', async (_what, members, code, rule) => {
    await index(put('good', plain), put('hostile', members));
    write('good', 'hostile');
    const refusal = { code, message: expect.stringContaining('package hostile-1.0-r0: ') };
    await expect(build()).rejects.toMatchObject(refusal);
    await expect(build()).rejects.toThrow(rule);
    expectNothingWritten();
  });

  test('also where apko is asked for', async () => {
    await index(put('hostile', [file('../evil')]));
    write('hostile');
    await expect(build('--compat', 'apko', '-t', 'image:1')).rejects.toMatchObject({
      code: 'TAR_UNSAFE_PATH',
      message: expect.stringContaining('package hostile-1.0-r0: '),
    });
    expectNothingWritten();
  });

  test('whose file is another package, whatever the index calls it', async () => {
    await index(put('renamed', plain, { name: 'other' }));
    write('renamed');
    const message = expect.stringContaining(
      'package renamed-1.0-r0: its file says that it is other-1.0-r0',
    );
    await expect(build()).rejects.toMatchObject({ code: 'ASSEMBLE_PACKAGE_NAME', message });
    expectNothingWritten();
    await build('--compat', 'apko', '-t', 'image:1');
  });

  test('whose file is of another version than the index says', async () => {
    await index(put('moved', plain, { version: '0.9-r0' }));
    write('moved');
    const message = expect.stringMatching(/moved-1\.0-r0: .*moved-0\.9-r0$/);
    await expect(build()).rejects.toMatchObject({ code: 'ASSEMBLE_PACKAGE_NAME', message });
    expectNothingWritten();
  });
});

describe('a lock is not believed', () => {
  /** Makes a lock of `good`, changes its text, and builds from it. */
  async function buildFrom(change: (text: string) => string): Promise<void> {
    await index(put('good', plain));
    write('good');
    await run(imageLock, '-o', 'image.lock.json');
    const text = fs.readFileSync('image.lock.json', 'utf8');
    fs.writeFileSync('image.lock.json', change(text));
    await build('--lockfile', 'image.lock.json');
  }

  test.each([
    ['the name', '"name": "good"', '"name": "better"', 'better-1.0-r0: .* good-1.0-r0$'],
    ['the version', '"version": "1.0-r0"', '"version": "2.0-r0"', 'good-2.0-r0: .* good-1.0-r0$'],
  ])('that changes %s of a package', async (_what, from, to, message) => {
    await expect(buildFrom((text) => text.replace(from, to))).rejects.toMatchObject({
      code: 'ASSEMBLE_PACKAGE_NAME',
      message: expect.stringMatching(message),
    });
    expect(fs.existsSync('image.tar')).toBe(false);
  });

  test('that is of a version that is not known', async () => {
    await expect(
      buildFrom((text) => text.replace('"version": "v1"', '"version": "v9"')),
    ).rejects.toMatchObject({
      code: 'IMAGE_LOCK_INVALID',
      message: expect.stringContaining('image.lock.json: version "v9" is not known'),
    });
    expect(fs.existsSync('image.tar')).toBe(false);
  });

  test('unless it says what is so', async () => {
    await buildFrom((text) => text);
    expect(fs.existsSync('image.tar')).toBe(true);
  });
});

describe('an entry that is not what it seems', () => {
  test.each([
    ['good>>1', 'IMAGE_CONFIG_INVALID', 'image.yaml:1:52: ">>" in "good>>1"'],
    ['good><1', 'IMAGE_CONFIG_INVALID', 'image.yaml:1:52: "><" in "good><1"'],
    ['good@edge', 'IMAGE_LOCK_UNSOLVED', 'no repository has the tag of "good@edge"'],
  ])('%s', async (text, code, message) => {
    await index(put('good', plain));
    write(text);
    const refusal = { code, message: expect.stringContaining(message) };
    await expect(build()).rejects.toMatchObject(refusal);
    expect(fs.existsSync('image.tar')).toBe(false);
    await build('--compat', 'apko', '-t', 'image:1');
  });

  test('of the command line', async () => {
    await index(put('good', plain));
    write('good');
    const message = '--package-append: "=>" in "good=>1" is no comparison of versions';
    const refusal = { code: 'IMAGE_CONFIG_INVALID', message };
    await expect(build('-p', 'good=>1')).rejects.toMatchObject(refusal);
    await build('-p', 'good>=1');
  });
});

test.each([
  ['enemy', 'good-1.0-r0.apk disqualified because excluded by !good of enemy-1.0-r0'],
  ['rival', 'rival-1.0-r0.apk excludes "good" but good-1.0-r0.apk is chosen'],
])('a conflict names both packages, and what to do: %s', async (name, message) => {
  await index(put('good', plain), put(name, plain, { depends: ['!good'] }));
  write(name, 'good');
  await expect(build()).rejects.toMatchObject({
    code: 'IMAGE_LOCK_UNSOLVED',
    message: expect.stringContaining(message),
    hint: expect.stringContaining('leave out one'),
  });
  expect(fs.existsSync('image.tar')).toBe(false);
});

test('what a package says of itself is read as the factory reads it, and for apko as apko does', async () => {
  const description = 'for C# and; more';
  await index(put('said', plain, { description, licenses: ['MIT', 'ISC OR 0BSD'] }));
  write('said');
  const recorded = async (...words: readonly string[]): Promise<readonly string[]> => {
    await run(imageBuildMinirootfs, '-o', 'root.tar', ...words);
    const lines = fs.readFileSync('root.tar', 'utf8').split('\n');
    return lines.filter((line) => /^[TL]:/.test(line));
  };
  expect(await recorded()).toEqual(['L:MIT AND (ISC OR 0BSD)', `T:${description}`]);
  expect(await recorded('--compat', 'apko')).toEqual(['L:MIT', 'T:for C']);
});
