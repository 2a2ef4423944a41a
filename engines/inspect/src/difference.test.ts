import type { InstalledPackage } from '@kiln/apk';
import { digestOf } from '@kiln/base';
import type { RuntimeConfig } from '@kiln/oci';
import { expect, test } from 'vitest';
import type { FileFacts } from './contents.ts';
import type { ComparedImage } from './difference.ts';
import { compareImages } from './difference.ts';

const file = (content: string, mode = 0o644): FileFacts => ({
  type: 'file',
  mode,
  owner: '0:0',
  sizeBytes: content.length,
  content,
});

function installed(
  name: string,
  change: Partial<InstalledPackage> & { readonly paths: readonly string[] },
): InstalledPackage {
  const facts = { version: '1-r0', origin: name, license: 'MIT', checksum: 'Q1a' };
  const raw = { buildTimeSeconds: 0, fields: new Map<string, string>(), files: [] };
  return { name, ...facts, ...raw, depends: [], provides: [], ...change };
}

function image(
  packages: readonly InstalledPackage[],
  files: Readonly<Record<string, FileFacts>>,
  config: RuntimeConfig = {},
): ComparedImage {
  return {
    reference: 'registry.example.org/image:latest',
    digest: digestOf(JSON.stringify([packages, files, config])),
    config: { architecture: 'amd64', os: 'linux', diffIds: [], config },
    packages,
    world: '',
    asked: ['app'],
    files: new Map(Object.entries(files)),
  };
}

const zlib = installed('zlib', { paths: ['lib', 'lib/libz.so.1'], provides: ['so:libz.so.1=1'] });
const app = installed('app', { paths: ['bin/app'], depends: ['so:libz.so.1'] });
const before = image(
  [zlib, app, installed('old', { paths: ['bin/old'] })],
  {
    'bin/app': file('1'),
    'bin/old': file('o'),
    'lib/libz.so.1': file('z'),
    'etc/passwd': file('p'),
  },
  { entrypoint: ['/bin/old'], env: ['PATH=/bin', 'LANG=C'] },
);

test('an image does not differ from itself', () => {
  const { packages, settings, files } = compareImages(before, before);
  expect([packages, settings, files]).toEqual([[], [], []]);
});

test('a variable or a label that is set to nothing differs from one that is not set', () => {
  const unset = image([], {}, { env: ['PATH=/bin'] });
  const empty = image([], {}, { env: ['PATH=/bin', 'DEBUG='], labels: { 'example.label': '' } });
  expect(compareImages(unset, empty).settings).toEqual([
    { setting: 'env DEBUG', from: null, to: '' },
    { setting: 'label example.label', from: null, to: '' },
  ]);
});

test('an empty list, or an empty name of a user, sets nothing', () => {
  const empty = image([], {}, { entrypoint: [], cmd: [], user: '', workingDir: '', volumes: [] });
  expect(compareImages(image([], {}), empty).settings).toEqual([]);
});

test('a variable without a value keeps its name', () => {
  const bare = image([], {}, { env: ['DEBUG'] });
  expect(compareImages(image([], {}), bare).settings).toEqual([
    { setting: 'env DEBUG', from: null, to: '' },
  ]);
});

test('the same files for another platform are another image', () => {
  const here = image([], {});
  const there = { ...here, config: { ...here.config, architecture: 'arm64', variant: 'v8' } };
  expect(compareImages(here, there).settings).toEqual([
    { setting: 'platform', from: 'linux/amd64', to: 'linux/arm64/v8' },
  ]);
});

test('packages that came, went, changed or were built again are told apart, with the way to them', () => {
  const after = image(
    [
      { ...zlib, version: '2-r0' },
      { ...app, checksum: 'Q1b', depends: ['so:libz.so.1', 'new'] },
      installed('new', { paths: ['bin/new'] }),
    ],
    {
      'bin/app': file('2'),
      'bin/new': file('n'),
      'lib/libz.so.1': file('z', 0o755),
      'etc/passwd': file('q'),
    },
    { entrypoint: ['/bin/app'], env: ['PATH=/bin'], user: '65532' },
  );
  const { packages, settings, files } = compareImages(before, after);
  expect(packages.map(({ name, change, from, to }) => [name, change, from, to])).toEqual([
    ['app', 'rebuilt', '1-r0', '1-r0'],
    ['new', 'added', '', '1-r0'],
    ['old', 'removed', '1-r0', ''],
    ['zlib', 'changed', '1-r0', '2-r0'],
  ]);
  expect(packages[1]?.why.map((step) => step.package)).toEqual(['app', 'new']);
  expect(settings).toEqual([
    { setting: 'entrypoint', from: '["/bin/old"]', to: '["/bin/app"]' },
    { setting: 'env LANG', from: 'C', to: null },
    { setting: 'user', from: null, to: '65532' },
  ]);
  expect(files.map((one) => [one.path, one.change, one.of.join(' '), one.explained])).toEqual([
    ['bin/app', 'changed', 'content', true],
    ['bin/new', 'added', '', true],
    ['bin/old', 'removed', '', true],
    ['etc/passwd', 'changed', 'content', false],
    ['lib/libz.so.1', 'changed', 'mode', true],
  ]);
});

test('each of very many packages has its way', () => {
  const names = Array.from({ length: 9_000 }, (_, at) => `p${at}`);
  const provides = ['so:a.so.1', 'so:b.so.1', 'so:c.so.1', 'so:d.so.1'];
  const built = (checksum: string): ComparedImage =>
    image(
      [
        installed('app', { paths: [], checksum, depends: names }),
        ...names.map((name) => installed(name, { paths: [], checksum, provides })),
      ],
      {},
    );
  const { packages } = compareImages(built('Q1a'), built('Q1b'));
  expect(packages).toHaveLength(9_001);
  expect(packages.every(({ name, why }) => why.length === (name === 'app' ? 1 : 2))).toBe(true);
});
