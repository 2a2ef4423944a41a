import { expect, test } from 'vitest';
import { libraryVersions, type LibraryProvider, type LibraryVersions } from './library-versions.ts';

const provider = (
  name: string,
  version: string,
  buildTimeSeconds: number,
  ...provides: readonly string[]
): LibraryProvider => ({ name, version, buildTimeSeconds, provides });

const index = [
  provider('zlib', '1.2-r0', 10, 'so:libz.so.1=1', 'so-ver:libz.so.1=1.2-r0'),
  provider('zlib', '1.3-r1', 20, 'so:libz.so.1=1', 'so-ver:libz.so.1=1.3-r1'),
  provider('zlib-ng', '9-r0', 30, 'so:libz.so.1=1', 'so-ver:libz.so.1=9-r0'),
  provider('old', '4-r0', 5, 'so:libold.so.2=2'),
  provider('older', '4-r0', 5, 'so:libo.so.2=2', 'so-ver:libo.so.2=3-r0'),
  provider('strange', '4-r0', 5, 'so:libs.so.2=2', 'so-ver:libs.so.2=four'),
  provider('mine', '1-r0', 5, 'so:libmine.so.1=1', 'so-ver:libmine.so.1=1-r0'),
];

const versions = (dialect: 'kiln' | 'melange'): LibraryVersions =>
  libraryVersions({
    version: '2-r0',
    building: new Set(['mine', 'mine-dev']),
    installed: new Map([
      ['zlib', '1.2-r0'],
      ['old', '4-r0'],
      ['older', '4-r0'],
      ['strange', '4-r0'],
    ]),
    index,
    dialect,
  });

interface Example {
  readonly what: string;
  readonly soname: string;
  readonly kiln: string | undefined;
  readonly melange: string | undefined;
}

const examples: readonly Example[] = [
  { what: 'a package in the guest', soname: 'libz.so.1', kiln: '1.2-r0', melange: undefined },
  { what: 'one without so-ver:', soname: 'libold.so.2', kiln: undefined, melange: undefined },
  { what: 'one with an older so-ver:', soname: 'libo.so.2', kiln: undefined, melange: undefined },
  { what: 'one with a strange so-ver:', soname: 'libs.so.2', kiln: undefined, melange: '4-r0' },
  { what: 'a package that is being built', soname: 'libmine.so.1', kiln: '2-r0', melange: '2-r0' },
  { what: 'none of the index', soname: 'libnew.so.1', kiln: undefined, melange: '2-r0' },
];

test.each(examples)('the version of a library of $what', ({ soname, kiln, melange }) => {
  expect(versions('kiln').versionOf(soname)).toBe(kiln);
  expect(versions('melange').versionOf(soname)).toBe(melange);
});

test('melange refuses a library whose package was built last in a lower version than the guest has', () => {
  const rebuilt = [...index, provider('zlib', '1.1-r0', 40, 'so:libz.so.1=1')];
  const of = (dialect: 'kiln' | 'melange'): LibraryVersions =>
    libraryVersions({
      version: '2-r0',
      building: new Set(),
      installed: new Map([['zlib', '1.2-r0']]),
      index: rebuilt,
      dialect,
    });
  expect(of('kiln').versionOf('libz.so.1')).toBe('1.2-r0');
  expect(() => of('melange').versionOf('libz.so.1')).toThrow(/zlib 1\.2-r0 is in the guest/);
});

test('of packages that were built at one time the higher version counts', () => {
  const same = ['1.0-r0', '1.1-r0'].map((version) => provider('a', version, 7, 'so:liba.so'));
  const { versionOf } = libraryVersions({
    version: '2-r0',
    building: new Set(),
    installed: new Map([['a', '1.1-r0']]),
    index: same,
    dialect: 'melange',
  });
  expect(versionOf('liba.so')).toBeUndefined();
});
