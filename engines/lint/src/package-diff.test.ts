import { createHash } from 'node:crypto';
import { parsePackageInfo, type PackageInfo } from '@kiln/apk';
import { capabilityAttribute, type TreeEntry } from '@kiln/build';
import { directory, file, hardlink, link, tree } from '@kiln/build/testing';
import { describe, expect, test } from 'vitest';
import { diffPackages, type WholePackage } from './package-diff.ts';

function whole(
  version: string,
  entries: readonly TreeEntry[] = [],
  more: Partial<PackageInfo> = {},
): WholePackage {
  const info = parsePackageInfo(`pkgname = a\npkgver = ${version}\narch = x86_64\n`);
  return { info: { ...info, ...more }, tree: tree('a', ...entries) };
}

function content(path: string, text: string, mode = 0o755): TreeEntry {
  const entry = file(path, text, mode);
  if (entry.kind !== 'file') throw new Error('no file');
  return { ...entry, sha1: createHash('sha1').update(text).digest('hex') };
}

test('a package is no other than itself, and another version is the same but for its version', () => {
  const one = whole('1-r0', [content('usr/bin/a', 'x')], { provides: ['cmd:a=1-r0', 'b=2'] });
  const none = { facts: [], relations: [], files: [], findings: [] };
  expect(diffPackages(one, one)).toEqual(none);
  const sbom = content('var/lib/db/sbom/a-1-r1.spdx.json', '{}');
  const two = whole('1-r1', [content('usr/bin/a', 'x'), sbom], {
    provides: ['cmd:a=1-r1', 'b=2'],
    buildTimeSeconds: 7,
  });
  expect(diffPackages(one, two)).toEqual(none);
});

test('relations come and go, with those that name another version', () => {
  const before = whole('1-r0', [], {
    provides: ['cmd:a=1-r0', 'so:liba.so.1=1', 'b=2'],
    depends: ['x', 'y'],
  });
  const after = whole('2-r0', [], { provides: ['so:liba.so.2=2', 'b=3'], depends: ['y', 'x'] });
  const diff = diffPackages(before, after);
  expect(diff.relations).toEqual([
    {
      kind: 'provides',
      removed: ['b=2', 'cmd:a=1-r0', 'so:liba.so.1=1'],
      added: ['b=3', 'so:liba.so.2=2'],
    },
  ]);
  expect(diff.findings.map(({ id }) => id)).toEqual([
    'removed-command:a:a',
    'removed-soname:a:liba.so.1',
  ]);
});

test('facts are told with both values', () => {
  const before = whole('1-r0', [], { licenses: ['MIT'], installedSizeBytes: 10 });
  const after = whole('1-r1', [], { licenses: ['MIT', 'Zlib'], installedSizeBytes: 11 });
  expect(diffPackages(before, after).facts).toEqual([
    { name: 'licence', from: 'MIT', to: 'MIT AND Zlib' },
    { name: 'installed size', from: '10', to: '11' },
  ]);
});

describe('files', () => {
  const changes = (before: readonly TreeEntry[], after: readonly TreeEntry[]): readonly string[] =>
    diffPackages(whole('1-r0', before), whole('1-r1', after)).files.map(
      ({ path, change, details }) => [path, change, ...details].join(' | '),
    );

  test('come and go, and change in content, mode, kind and target', () => {
    const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');
    expect(
      changes(
        [content('a', 'one'), content('b', 'x'), link('c', 'a'), directory('d'), file('e')],
        [
          content('a', 'three'),
          content('b', 'x', 0o4755),
          link('c', 'b'),
          hardlink('d', 'a'),
          file('f'),
        ],
      ),
    ).toEqual([
      `a | changed | sha1 ${sha1('three')}, was ${sha1('one')} | size 5, was 3`,
      'b | changed | mode 4755, was 0755',
      'c | changed | target b, was a',
      'd | changed | kind hardlink, was directory | target a, was none',
      'e | removed',
      'f | added',
    ]);
  });

  test('may do more, which is a finding', () => {
    const plain = file('usr/bin/ping');
    const able = {
      ...plain,
      xattrs: new Map([['security.capability', capabilityAttribute([{ cap_net_raw: '+ep' }])]]),
    };
    const diff = diffPackages(whole('1-r0', [plain]), whole('1-r1', [able]));
    expect(diff.files[0]?.details).toEqual(['capabilities cap_net_raw, was none']);
    expect(diff.findings.map(({ id }) => id)).toEqual([
      'new-capability:a:usr/bin/ping:cap_net_raw',
    ]);
  });
});

test('packages of other names are compared, and no release of each other', () => {
  const other = whole('1-r0', [], { name: 'b' });
  const diff = diffPackages(whole('1-r0', [], { provides: ['cmd:a=1-r0'] }), other);
  expect(diff.facts).toEqual([{ name: 'name', from: 'a', to: 'b' }]);
  expect(diff.findings).toEqual([]);
});
