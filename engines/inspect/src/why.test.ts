import type { InstalledPackage } from '@kiln/apk';
import { slsaProvenance } from '@kiln/intoto';
import { describe, expect, test } from 'vitest';
import { askedByProvenance, askedByWorld } from './asked.ts';
import { whyLines } from './why-text.ts';
import type { AskedEntries } from './why.ts';
import { PackageReasons } from './why.ts';

function installed(
  name: string,
  depends: readonly string[] = [],
  { provides = [], installIf = '' }: { provides?: readonly string[]; installIf?: string } = {},
): InstalledPackage {
  const facts = { version: '1-r0', origin: name, license: 'MIT', checksum: '', paths: [] };
  const fields = new Map(installIf === '' ? [] : [['i', installIf]]);
  return { name, ...facts, buildTimeSeconds: 0, files: [], fields, depends, provides };
}

/** The lines that say why. */
const lines = (
  packages: readonly InstalledPackage[],
  name: string,
  asked?: AskedEntries,
): readonly string[] => whyLines(new PackageReasons(packages, asked).why(name) ?? []);

/** `PACKAGE`, or `PACKAGE for ATOM` where another leads to it. */
const way = (
  packages: readonly InstalledPackage[],
  name: string,
  asked?: AskedEntries,
): string | undefined =>
  new PackageReasons(packages, asked)
    .why(name)
    ?.map((step, at) => (at === 0 ? step.package : `${step.package} for ${step.meets}`))
    .join(', ');

const server = installed('server', ['tls>=3', 'so:libz.so.1', '!old-server']);
const tls = installed('tls', ['so:libc.so.6'], { provides: ['so:libtls.so.3=3'] });
const zlib = installed('zlib', ['so:libc.so.6'], { provides: ['so:libz.so.1=1.3'] });
const libc = installed('libc', ['base'], { provides: ['so:libc.so.6=6'] });
const base = installed('base');
const all = [base, libc, zlib, tls, server];

describe('why a package is in an image', () => {
  test('is that it was asked for, whatever needs it too', () => {
    expect(lines(all, 'server', ['server'])).toEqual(['server 1-r0 was asked for']);
    expect(lines(all, 'libc', ['base', 'server', 'so:libc.so.6@edge'])).toEqual([
      'libc 1-r0 was asked for as so:libc.so.6@edge; zlib and tls lead to it too',
    ]);
    expect(lines(all, 'tls', ['server', 'tls'])).toEqual([
      'tls 1-r0 was asked for; server leads to it too',
    ]);
  });

  test('is the shortest way from one that was asked for', () => {
    expect(lines(all, 'base', ['server'])).toEqual([
      'server 1-r0 was asked for',
      '└─ needs so:libz.so.1: zlib 1-r0',
      '   └─ needs so:libc.so.6: libc 1-r0',
      '      └─ needs base: base 1-r0',
    ]);
    expect(way(all, 'base', ['server', 'tls'])).toBe('tls, libc for so:libc.so.6, base for base');
    expect(new PackageReasons(all, ['server=1-r0']).why('zlib')).toEqual([
      { package: 'server', version: '1-r0', kind: 'asked', meets: 'server=1-r0', neededBy: [] },
      { package: 'zlib', version: '1-r0', kind: 'needed', meets: 'so:libz.so.1', neededBy: [] },
    ]);
  });

  test('is one that nothing needs where nobody says what was asked for', () => {
    expect(lines(all, 'zlib')).toEqual([
      'server 1-r0 is needed by nothing else in the image, which does not record what was asked for',
      '└─ needs so:libz.so.1: zlib 1-r0',
    ]);
    expect(lines([...all, installed('extra')], 'extra', ['server'])).toEqual([
      'extra 1-r0 was not asked for, and nothing else in the image needs it',
    ]);
  });

  test('is nothing for one that is not there', () => {
    expect(new PackageReasons([base], undefined).why('libc')).toBeUndefined();
  });

  test('takes a package of the name before others that provide it, and no conflict for a need', () => {
    const other = installed('other', [], { provides: ['tls=9'] });
    expect(way([server, tls, other], 'tls')).toBe('server, tls for tls>=3');
    expect(way([server, tls, other], 'other')).toBe('other');
    expect(way([server, installed('old-server')], 'old-server')).toBe('old-server');
  });

  test('is install_if, in the words of apk and of apko, where all of it is there', () => {
    for (const installIf of ['zlib server=1-r0', '[zlib server=1-r0]']) {
      const addition = installed('addition', [], { installIf });
      expect(lines([...all, addition], 'addition', ['server'])).toEqual([
        'server 1-r0 was asked for',
        '└─ meets install_if zlib server=1-r0: addition 1-r0',
      ]);
      expect(lines([zlib, libc, base, addition], 'addition')[0]).toMatch(
        /^addition .*nothing else/,
      );
    }
  });

  test('says of packages that need each other that they do', () => {
    const a = installed('a', ['b', 'a']);
    const b = installed('b', ['a', 'c']);
    const c = installed('c');
    expect(lines([a, b, c], 'b')).toEqual([
      'b 1-r0 and a need each other, and nothing else in the image needs them',
    ]);
    expect(way([a, b, c], 'c')).toBe('b, c for c');
    expect(lines([a, b, c], 'b', ['a'])[0]).toBe('a 1-r0 was asked for; b leads to it too');
    expect(way([a, b, c, installed('top', ['a'])], 'b')).toBe('top, a for a, b for b');
  });

  test('goes up to the cycle that no other leads to', () => {
    const packages = [
      installed('high', ['higher']),
      installed('higher', ['high', 'low']),
      installed('low', ['lower']),
      installed('lower', ['low']),
    ];
    expect(way(packages, 'lower')).toBe('higher, low for low, lower for lower');
  });

  test('names five at most that lead to it', () => {
    const many = ['p', 'q', 'r', 's', 't', 'u', 'v'].map((name) => installed(name, ['base']));
    expect(lines([base, ...many], 'base', ['base'])).toEqual([
      'base 1-r0 was asked for; p, q, r, s and 3 others lead to it too',
    ]);
  });
});

describe('what an image was made for', () => {
  const provenance = (configuration: unknown): Readonly<Record<string, unknown>> =>
    slsaProvenance({
      buildType: 'kiln:build-type/image/v1',
      externalParameters: { name: 'x', configuration },
      internalParameters: {},
      resolvedDependencies: [],
      builderId: 'kiln:builder/sandbox/v1',
      builderVersion: {},
      byproducts: [],
    });

  test('is in the configuration of its provenance, without what that refuses', () => {
    expect(askedByProvenance(provenance('contents: {packages: [b, "a~1", "!c"]}\n'))).toEqual([
      'a~1',
      'b',
    ]);
    expect(
      askedByProvenance(
        provenance('contents: {packages: [b]}\nentrypoint: {type: service-bundle}'),
      ),
    ).toEqual(['b', 's6']);
    expect(askedByProvenance(provenance('nonsense: [1'))).toBeUndefined();
    expect(askedByProvenance(provenance(7))).toBeUndefined();
    expect(askedByProvenance({})).toBeUndefined();
  });

  test('is in its world, unless that is a lock', () => {
    expect(askedByWorld('server\n!x\n', all)).toEqual(['server']);
    expect(askedByWorld('', all)).toBeUndefined();
    expect(askedByWorld('base=1-r0\nlibc=1-r0\n', [base, libc])).toBeUndefined();
    expect(askedByWorld('libc=1-r0\n', [base, libc])).toEqual(['libc=1-r0']);
  });
});
