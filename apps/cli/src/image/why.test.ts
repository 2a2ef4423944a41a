import type { InstalledPackage } from '@kiln/apk';
import { describe, expect, test } from 'vitest';
import { whyPackage } from './why.ts';

function installed(
  name: string,
  depends: readonly string[] = [],
  provides: readonly string[] = [],
): InstalledPackage {
  const facts = { version: '1-r0', origin: name, license: 'MIT', checksum: '', paths: [] };
  const raw = { buildTimeSeconds: 0, fields: new Map<string, string>(), files: [] };
  return { name, ...facts, ...raw, depends, provides };
}

/** `PACKAGE`, or `PACKAGE for ATOM` where another needs it. */
const way = (packages: readonly InstalledPackage[], name: string): string | undefined =>
  whyPackage(packages, name)
    ?.map((step) => (step.meets === '' ? step.package : `${step.package} for ${step.meets}`))
    .join(', ');

const server = installed('server', ['tls>=3', 'so:libz.so.1', '!old-server']);
const tls = installed('tls', ['so:libc.so.6'], ['so:libtls.so.3=3']);
const zlib = installed('zlib', ['so:libc.so.6'], ['so:libz.so.1=1.3']);
const libc = installed('libc', ['base'], ['so:libc.so.6=6']);
const base = installed('base');

describe('why a package is in an image', () => {
  test('is the shortest way from one that nothing needs', () => {
    const packages = [base, libc, zlib, tls, server];
    expect(way(packages, 'server')).toBe('server');
    expect(way(packages, 'zlib')).toBe('server, zlib for so:libz.so.1');
    expect(way(packages, 'base')).toBe(
      'server, zlib for so:libz.so.1, libc for so:libc.so.6, base for base',
    );
    expect(whyPackage(packages, 'zlib')?.[1]).toEqual({
      package: 'zlib',
      version: '1-r0',
      meets: 'so:libz.so.1',
    });
  });

  test('is nothing for one that is not there', () => {
    expect(whyPackage([base], 'libc')).toBeUndefined();
  });

  test('takes a package of the name before others that provide it, and no conflict for a need', () => {
    const other = installed('other', [], ['tls=9']);
    expect(way([server, tls, other], 'tls')).toBe('server, tls for tls>=3');
    expect(way([server, tls, other], 'other')).toBe('other');
    expect(way([server, installed('old-server')], 'old-server')).toBe('old-server');
  });

  test('ends where packages need each other and nothing needs them', () => {
    const a = installed('a', ['b', 'a']);
    const b = installed('b', ['a']);
    expect(way([a, b], 'b')).toBe('b');
    expect(way([a, b, installed('top', ['a'])], 'b')).toBe('top, a for a, b for b');
  });
});
