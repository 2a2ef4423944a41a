import type { ElfFile, GoBuildInfo } from '@kiln/elf';
import { describe, expect, test } from 'vitest';
import type { PackageTree } from '../tree.ts';
import { isLibraryDirectory, libraryDirectoriesOf } from './library-directories.ts';
import { ownLibraries, sharedObjects, type SharedObjectsRequest } from './shared-objects.ts';
import type { AnalysedTree } from './subject.ts';
import { directory, file, link, tree } from '../testing.ts';

type Facts = Pick<Partial<ElfFile>, 'interpreter' | 'needed' | 'sonames'>;

/** A tree whose ELF files are given by path: only these facts of them matter. */
function analysed(
  one: PackageTree,
  elves: Readonly<Record<string, Facts>>,
  goBuilds: Readonly<Record<string, GoBuildInfo>> = {},
): AnalysedTree {
  const known = Object.entries(elves).map(([path, facts]): [string, ElfFile] => [
    path,
    { interpreter: undefined, needed: [], sonames: [], ...facts } as unknown as ElfFile,
  ]);
  return {
    tree: one,
    elves: {
      byPath: new Map(known),
      linkage: new Map(known),
      asGo: new Map(),
      goBuilds: new Map(Object.entries(goBuilds)),
      broken: [],
    },
  };
}

const defaults = {
  libraryDirectories: new Set(['lib', 'usr/lib']),
  version: '2-r1',
  libraryVersions: undefined,
  dialect: 'kiln',
  place: 'workspace',
} as const;

function found(
  subject: AnalysedTree,
  options: Partial<SharedObjectsRequest> = {},
): ReturnType<typeof sharedObjects> {
  return sharedObjects({ subject, relatives: [subject], ...defaults, ...options });
}

const library = analysed(
  tree('libz', file('usr/lib/libz.so.1.3'), link('usr/lib/libz.so.1', 'libz.so.1.3')),
  { 'usr/lib/libz.so.1.3': { sonames: ['libz.so.1'], needed: ['libc.so.6', 'libplugin.so'] } },
);

test('a library is provided under its own name, and what it needs has a version in its name', () => {
  expect(found(library)).toEqual({
    runtime: ['so:libc.so.6', 'so:libz.so.1', 'so:libc.so.6'],
    provides: [
      'so:libz.so.1=1',
      'so-ver:libz.so.1=2-r1',
      'so:libz.so.1=1',
      'so-ver:libz.so.1=2-r1',
    ],
    vendored: [],
  });
});

test('where the loader does not look, it is vendored; links count where they lie', () => {
  const elsewhere = analysed(
    tree('a', file('usr/lib/a/libx.so'), link('usr/lib/libx.so', 'a/libx.so')),
    { 'usr/lib/a/libx.so': { sonames: ['libx.so'] } },
  );
  expect(found(elsewhere)).toMatchObject({
    provides: ['so:libx.so=0', 'so-ver:libx.so=2-r1'],
    vendored: ['so:libx.so=0', 'so-ver:libx.so=2-r1'],
  });
});

test('an absolute link leads to the root of the package, which melange does not follow', () => {
  const one = analysed(
    tree('a', file('opt/a/libx.so'), link('usr/lib/libx.so', '/opt/a/libx.so')),
    { 'opt/a/libx.so': { sonames: ['libx.so'] } },
  );
  expect(found(one).provides).toEqual(['so:libx.so=0', 'so-ver:libx.so=2-r1']);
  expect(found(one, { dialect: 'melange' }).provides).toEqual([]);
});

test('a link that climbs out of its package leads melange into the one beside', () => {
  const one = analysed(tree('a', link('usr/lib/x', '../../../libz/usr/lib/libz.so.1')), {});
  const relatives = [one, library];
  expect(found(one, { relatives }).provides).toEqual([]);
  expect(found(one, { relatives, dialect: 'melange' })).toEqual({
    runtime: ['so:libc.so.6'],
    provides: ['so:libz.so.1=1', 'so-ver:libz.so.1=2-r1'],
    vendored: [],
  });
  const beyond = analysed(tree('a', link('usr/lib/x', '../../../../libz/usr/lib/libz.so.1')), {});
  expect(found(beyond, { relatives: [beyond, library], dialect: 'melange' }).provides).toEqual([]);
});

test('in an archive melange follows a link at the end of a path alone, and takes one for what is there', () => {
  const options = { dialect: 'melange', place: 'archive' } as const;
  const linked = (...entries: Parameters<typeof tree>[1][]): AnalysedTree =>
    analysed(tree('a', file('usr/lib/p/x.so'), ...entries), {
      'usr/lib/p/x.so': { sonames: ['x.so'] },
    });
  const provided = (one: AnalysedTree): readonly string[] => found(one, options).provides ?? [];
  expect(provided(linked(link('lib/y', '../usr/lib/p/./x.so')))).toContain('so:x.so=0');
  expect(provided(linked(link('lib/y', '/usr/lib/p/x.so')))).toEqual([]);
  expect(provided(linked(link('lib/y', 'q/x.so'), link('lib/q', '../usr/lib/p')))).toEqual([]);
  expect(provided(linked(link('lib/y', 'y')))).toEqual([]);
  expect(provided(linked(link('lib/y', '../../a/usr/lib/p/x.so')))).toEqual([]);
  const gone = analysed(
    tree('b', link('lib/libz.so.1', 'gone'), link('opt/z.so', 'libz.so.1')),
    {},
  );
  const relatives = [gone, library];
  expect(found(gone, { relatives, ...options }).runtime).toEqual([]);
  expect(found(gone, { relatives, dialect: 'melange' }).runtime).toContain('so:libz.so.1');
});

describe('a link to a library', () => {
  const development = analysed(
    tree('libz-dev', link('usr/lib/libz.so', '../elsewhere/libz.so.1'), link('usr/x.so', 'gone')),
    {},
  );

  test('needs the one of whichever package of the recipe holds that name', () => {
    const relatives = [development, library];
    expect(found(development, { relatives }).runtime).toEqual(['so:libz.so.1']);
    expect(found(development).runtime).toEqual([]);
  });

  test('needs nothing when the first file of that name is no library', () => {
    const text = analysed(tree('text', file('lib/libz.so.1', 'INPUT(-lz)')), {});
    const relatives = [text, library];
    expect(found(development, { relatives }).runtime).toEqual([]);
  });
});

test('the version of a library is what stands behind its first .so. in digits and dots', () => {
  const names = ['liba.so.0unstable', 'libd-2024.so.20240101.3', 'libb.so.1.so.2', 'libc.so'];
  const one = analysed(tree('a', file('lib/x')), { 'lib/x': { sonames: names } });
  expect(found(one).provides?.filter((name) => name.startsWith('so:'))).toEqual([
    'so:liba.so.0unstable=0',
    'so:libd-2024.so.20240101.3=20240101.3',
    'so:libb.so.1.so.2=1',
    'so:libc.so=0',
  ]);
});

test('melange takes nothing behind .so. for a version', () => {
  const one = analysed(tree('a', file('lib/x')), { 'lib/x': { sonames: ['libx.so.'] } });
  expect(found(one).provides).toContain('so:libx.so.=0');
  expect(found(one, { dialect: 'melange' }).provides).toContain('so:libx.so.=');
});

test('a program has no library name, but libc, which can be run, has', () => {
  const facts = { interpreter: '/lib/ld-musl-x86_64.so.1', sonames: ['libx.so.1'] };
  const one = analysed(tree('a', file('lib/libx.so.1'), file('usr/lib/x')), {
    'lib/libx.so.1': facts,
    'usr/lib/x': facts,
  });
  expect(found(one)).toMatchObject({
    runtime: ['so:libc.musl-x86_64.so.1', 'so:libc.musl-x86_64.so.1'],
    provides: ['so:libx.so.1=1', 'so-ver:libx.so.1=2-r1'],
  });
});

test('a loader of musl is one wherever its name says so', () => {
  const facts = { interpreter: '/lib/a so:ld-musl b' };
  const one = analysed(tree('a', file('usr/bin/x')), { 'usr/bin/x': facts });
  expect(found(one).runtime).toEqual(['so:a so:libc.musl b']);
});

test('what a graphics driver brings is neither needed nor provided', () => {
  const facts = {
    needed: ['libcuda.so.1', 'libnvidia-ml.so.1', 'libcuda.so.2', 'libnvidia-container.so.1'],
    sonames: ['libGLX_nvidia.so.1'],
  };
  const one = analysed(
    tree('a', file('usr/lib/libGLX_nvidia.so.1'), link('usr/lib/x.so', 'libGLX_nvidia.so.1')),
    { 'usr/lib/libGLX_nvidia.so.1': facts },
  );
  const needed = ['so:libcuda.so.2', 'so:libnvidia-container.so.1'];
  expect(found(one)).toEqual({ runtime: [...needed, ...needed], provides: [], vendored: [] });
});

test('a Go program that leaves its cryptography to OpenSSL needs it at run time', () => {
  const built = (settings: Readonly<Record<string, string>>): readonly string[] | undefined => {
    const goBuild = { goVersion: 'go1.24', settings: new Map(Object.entries(settings)) };
    return found(
      analysed(tree('a', file('usr/bin/a')), { 'usr/bin/a': {} }, { 'usr/bin/a': goBuild }),
    ).runtime;
  };
  const openssl = ['openssl-config-fipshardened', 'so:libcrypto.so.3'];
  expect(built({ CGO_ENABLED: '1', GOEXPERIMENT: 'boringcrypto' })).toEqual(openssl);
  expect(built({ CGO_ENABLED: '1', GOEXPERIMENT: 'aliastypeparams,systemcrypto' })).toEqual(
    openssl,
  );
  expect(built({ CGO_ENABLED: '1', microsoft_systemcrypto: '1' })).toEqual(openssl);
  expect(built({ CGO_ENABLED: '0', GOEXPERIMENT: 'boringcrypto' })).toEqual([]);
  expect(built({ CGO_ENABLED: '1' })).toEqual([]);
});

test('libraries are needed in a version where one is known, loaders never', () => {
  const one = analysed(tree('a', file('usr/bin/a')), {
    'usr/bin/a': {
      interpreter: '/lib64/ld-linux-x86-64.so.2',
      needed: ['libz.so.1', 'libc.so.6', 'ld-linux-x86-64.so.2'],
    },
  });
  const libraryVersions = {
    versionOf: (soname: string) => (soname === 'libc.so.6' ? undefined : '9-r9'),
  };
  expect(found(one, { libraryVersions }).runtime).toEqual([
    'so:ld-linux-x86-64.so.2',
    'so:libz.so.1',
    'so-ver:libz.so.1>=9-r9',
    'so:libc.so.6',
    'so:ld-linux-x86-64.so.2',
  ]);
});

test('the loader looks where any package of the recipe tells it to', async () => {
  const relatives = [
    tree('a', directory('etc/ld.so.conf.d'), file('etc/ld.so.conf.d/a.conf', '# x\n/opt/a/\nb\n')),
    tree('b', file('etc/ld.so.conf.d/deep/b.conf', '/opt/b'), file('etc/ld.so.conf.d/c', '/opt/c')),
  ];
  const standard = ['lib', 'usr/lib', 'lib64', 'usr/lib64'];
  expect([...(await libraryDirectoriesOf(relatives, 'kiln'))]).toEqual([...standard, 'opt/a']);
  expect([...(await libraryDirectoriesOf(relatives, 'melange'))]).toEqual([
    ...standard,
    'opt/a/',
    'opt/b',
  ]);
});

test('the libraries of a recipe are those that its packages give to others', () => {
  expect([...ownLibraries([library], defaults.libraryDirectories)]).toEqual(['libz.so.1']);
  expect([...ownLibraries([library], new Set(['lib']))]).toEqual([]);
});

test('melange takes a directory of the loader as it is written, and /... for all below', () => {
  const among = (line: string, dialect: 'kiln' | 'melange', directory = 'opt/a'): boolean =>
    isLibraryDirectory(new Set([line]), directory, dialect);
  expect(['opt/a', 'opt/a/', 'opt/...', 'opt/a/...'].every((one) => among(one, 'melange'))).toBe(
    true,
  );
  expect(['opt/a//', 'opt/a ', 'opt', 'op/...'].some((one) => among(one, 'melange'))).toBe(false);
  expect(among('', 'melange', '')).toBe(false);
  expect(among('', 'kiln', '')).toBe(true);
  expect(among('opt/...', 'kiln')).toBe(false);
});
