import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands, shebangs } from './commands.ts';
import { globPattern } from './hardening.ts';
import { LineSplitter } from './log.ts';
import { requiredModules } from './pkg-config.ts';
import { combineRelations } from './relations.ts';
import { quote, stepScript } from './script.ts';
import { withSbom } from './sbom.ts';
import { collectTree, makeTree, resolveFile } from './tree.ts';
import type { TreeEntry } from './workspace.ts';

const facts = (
  path: string,
  mode: number,
): { path: string; mode: number; uid: number; gid: number; xattrs: Map<string, Uint8Array> } => ({
  path,
  mode,
  uid: 1000,
  gid: 1000,
  xattrs: new Map(),
});

function file(path: string, text = '', mode = 0o755): TreeEntry {
  const bytes = Buffer.from(text);
  return {
    ...facts(path, mode),
    kind: 'file',
    sizeBytes: bytes.length,
    sha1: '',
    open: async function* () {
      yield bytes;
    },
    range: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

const link = (path: string, target: string): TreeEntry => ({
  ...facts(path, 0o777),
  kind: 'symlink',
  target,
});
const directory = (path: string): TreeEntry => ({ ...facts(path, 0o755), kind: 'directory' });

async function* each(entries: readonly TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries;
}

const noOptions = {
  noProvides: false,
  noDepends: false,
  noCommands: false,
  noVersionedShlibDeps: false,
};

describe('relations', () => {
  const generated = {
    runtime: ['so:b', 'cmd:x', 'so:own', 'so:vendored'],
    provides: ['so:own=1', 'cmd:y=1-r0'],
    vendored: ['so:vendored=0'],
  };
  test('what the package itself provides or vendors is not depended on', () => {
    expect(
      combineRelations({ runtime: ['z'], provides: ['virtual'] }, generated, noOptions),
    ).toEqual({
      runtime: ['cmd:x', 'so:b', 'z'],
      provides: ['cmd:y=1-r0', 'so:own=1', 'virtual'],
      vendored: ['so:vendored=0'],
    });
  });
  test('a declared dependency on something vendored stays', () => {
    expect(
      combineRelations({ runtime: ['so:vendored'], provides: [] }, generated, noOptions).runtime,
    ).toContain('so:vendored');
  });
  test('options drop generated relations only', () => {
    const declared = { runtime: ['cmd:declared'], provides: ['cmd:mine=1'] };
    const options = { ...noOptions, noCommands: true, noDepends: true };
    expect(combineRelations(declared, generated, options)).toMatchObject({
      runtime: ['cmd:declared'],
      provides: ['cmd:mine=1', 'so:own=1'],
    });
  });
});

test('programs are regular files directly in a command directory that all may run', () => {
  const tree = makeTree('a', [
    file('usr/bin/one'),
    file('usr/bin/private', '', 0o750),
    file('usr/bin/deep/two'),
    link('usr/bin/three', 'one'),
    file('usr/libexec/four'),
    file('usr/sbin/setuid', '', 0o4755),
  ]);
  expect(commands(tree, '1-r0').provides).toEqual(['cmd:one=1-r0', 'cmd:setuid=1-r0']);
});

test('scripts depend on the interpreter of their first line, however it is named', async () => {
  const scripts = [
    '#!/bin/sh',
    '#!/usr/bin/perl -w',
    '#!/usr/bin/env ruby',
    '#!/usr/bin/env -S lua x',
    '#!/usr/bin/env -i perl6',
    '#! /opt/x/tcl',
    'none',
    '#!',
  ];
  const tree = makeTree(
    'a',
    scripts.map((text, i) => file(`usr/bin/s${i}`, `${text}\n`)),
  );
  expect((await shebangs(tree)).runtime).toEqual(['cmd:perl', 'cmd:ruby', 'cmd:lua', 'cmd:tcl']);
});

test('modules are taken from all kinds of requirements, variables expanded', () => {
  const text =
    'v=3\nname=zlib\nRequires: a >= 1, b<2 c = ${v}, ${name}\nRequires.private: \\\n  d\n# Requires: no\nRequires.internal: e!=1\nOther: f\n';
  expect(requiredModules(text)).toEqual(['a', 'b', 'c', 'zlib', 'd', 'e']);
});

test('an exception matches whole paths, a star not across a slash', () => {
  expect(globPattern('usr/bin/*').test('usr/bin/a')).toBe(true);
  expect(globPattern('/usr/bin/*').test('usr/bin/a/b')).toBe(false);
  expect(globPattern('usr/**').test('usr/bin/a')).toBe(true);
  expect(globPattern('**/x.so').test('x.so')).toBe(true);
  expect(globPattern('**/x.so').test('usr/lib/xaso')).toBe(false);
  expect(globPattern('a+(b)[c]').test('a+(b)[c]')).toBe(true);
});

test('a quoted word survives the shell, and the script ends well', () => {
  expect(quote("it's")).toBe(`'it'\\''s'`);
  expect(stepScript({ workingDirectory: 'a b', runs: 'true' })).toBe(
    "set -e -o pipefail\numask 022\n[ -d '/home/build/a b' ] || mkdir -p '/home/build/a b'\ncd '/home/build/a b'\ntrue\nexit 0\n",
  );
});

describe('a tree', () => {
  test.each([
    ['a fifo', { ...facts('run/x', 0o644), kind: 'special', what: 'fifo' } as const, /is a fifo/],
    ['a dot file at the root', file('.hidden'), /dot at the root/],
    ['a link above the root', link('usr/x', '../../etc'), /above the root/],
    ['a name with a line break', file('usr/a\nb'), /control character/],
  ])('with %s is refused', async (_what, entry, message) => {
    await expect(collectTree('a', each([entry]))).rejects.toMatchObject({
      code: 'BUILD_TREE_REFUSED',
      message: expect.stringMatching(message),
    });
  });

  test('links are followed inside it, in circles not for ever', () => {
    const tree = makeTree('a', [
      directory('usr/lib'),
      link('lib', 'usr/lib'),
      file('usr/lib/liba.so.1'),
      link('usr/lib/liba.so', 'liba.so.1'),
      link('abs', '/lib/liba.so'),
      link('loop', 'loop'),
      link('out', '../../x'),
    ]);
    expect(resolveFile(tree, 'abs')?.path).toBe('usr/lib/liba.so.1');
    expect(resolveFile(tree, 'lib/liba.so')?.path).toBe('usr/lib/liba.so.1');
    expect(resolveFile(tree, 'loop')).toBeUndefined();
    expect(resolveFile(tree, 'out')).toBeUndefined();
  });

  test('takes its SBOM in walk order and never over a file of its own', () => {
    const tree = makeTree('a', [directory('usr'), directory('var'), directory('var-x')]);
    expect(withSbom(tree, 'a.json', Buffer.from('{}')).entries.map(({ path }) => path)).toEqual([
      'usr',
      'var',
      'var/lib',
      'var/lib/db',
      'var/lib/db/sbom',
      'var/lib/db/sbom/a.json',
      'var-x',
    ]);
    const taken = makeTree('a', [file('var/lib/db/sbom/a.json')]);
    expect(() => withSbom(taken, 'a.json', Buffer.from('{}'))).toThrow(/where the SBOM goes/);
    expect(() =>
      withSbom(makeTree('a', [link('var', 'tmp')]), 'a.json', Buffer.from('{}')),
    ).toThrow(/must be a directory/);
  });
});

test('lines do not depend on how output was cut into chunks', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '\r', '😀') });
  const cuts = fc.array(fc.nat(20));
  const split = (bytes: Uint8Array, sizes: readonly number[]): string[] => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    let at = 0;
    for (const size of sizes) splitter.push(bytes.subarray(at, (at += size)));
    splitter.push(bytes.subarray(at));
    splitter.end();
    return lines;
  };
  const outcome = fc.check(
    fc.property(text, cuts, (value, sizes) => {
      const bytes = Buffer.from(value);
      expect(split(bytes, sizes)).toEqual(split(bytes, []));
    }),
  );
  expect(outcome.failed).toBe(false);
});
