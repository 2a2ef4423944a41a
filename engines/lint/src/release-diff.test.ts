import { capabilityAttribute, makeTree } from '@kiln/build';
import { directory, file, hardlink, link } from '@kiln/build/testing';
import { describe, expect, test } from 'vitest';
import { capabilitiesIn } from './capability-names.ts';
import {
  diffRelease,
  releasedFiles,
  type ReleasedFile,
  type ReleasedPackage,
} from './release-diff.ts';

interface Facts {
  readonly provides?: readonly string[];
  readonly size?: number;
  readonly licenses?: readonly string[];
  readonly files?: readonly ReleasedFile[];
}

const released = (
  name: string,
  { provides = [], size = 0, licenses = ['MIT'], files = [] }: Facts = {},
): ReleasedPackage => ({
  info: { name, provides, installedSizeBytes: size, licenses },
  files,
});

const plain = (path: string, mode = 0o755, ...capabilities: readonly string[]): ReleasedFile => ({
  path,
  mode,
  capabilities,
});

const ids = (
  previous: readonly ReleasedPackage[],
  next: readonly ReleasedPackage[],
): readonly string[] =>
  diffRelease({ previous, next, acknowledged: [] }).findings.map(({ id }) => id);

describe('what others rely on', () => {
  const before = released('zlib', {
    provides: [
      'so:libz.so.1=1',
      'so-ver:libz.so.1=1-r0',
      'cmd:zip=1-r0',
      'pc:zlib=1-r0',
      'compress=1',
    ],
  });

  test('is missed when no package of the recipe gives it any more', () => {
    const after = released('zlib', { provides: ['so:libz.so.2=2', 'so-ver:libz.so.2=2-r0'] });
    expect(ids([before], [after])).toEqual([
      'removed-command:zlib:zip',
      'removed-module:zlib:zlib',
      'removed-provide:zlib:compress',
      'removed-soname:zlib:libz.so.1',
    ]);
  });

  test('may move to another package of the recipe, or become its name', () => {
    const after = [
      released('zlib', { provides: ['so:libz.so.1=1.9', 'pc:zlib=2-r0'] }),
      released('compress', { provides: ['cmd:zip=2-r0'] }),
    ];
    expect(ids([before], after)).toEqual([]);
  });

  test('is missed with its package, too', () => {
    expect(ids([released('zlib'), before, released('zlib-doc')], [released('zlib')])).toContain(
      'removed-package:zlib-doc',
    );
  });
});

test('a first release takes nothing away, and may do what it does', () => {
  expect(ids([], [released('su', { files: [plain('usr/bin/su', 0o4755)] })])).toEqual([]);
});

test('what a file may do that it could not before is told, wherever the file lies now', () => {
  const before = released('a', {
    files: [plain('one', 0o4755), plain('two'), plain('four', 0o755, 'cap_net_raw')],
  });
  const after = [
    released('a', { files: [plain('two', 0o6755), plain('three', 0o2755)] }),
    released('b', {
      files: [plain('one', 0o4755), plain('four', 0o755, 'cap_net_raw', 'cap_sys_admin')],
    }),
  ];
  expect(ids([before], after)).toEqual([
    'new-capability:b:four:cap_sys_admin',
    'new-setgid:a:three',
    'new-setgid:a:two',
    'new-setuid:a:two',
  ]);
});

test('a size is worth a look when it changes by more than a fifth and a mebibyte, either way', () => {
  const mebibyte = 1024 * 1024;
  const jump = (before: number, after: number): readonly string[] =>
    ids([released('a', { size: before })], [released('a', { size: after })]);
  expect(jump(4 * mebibyte, 6 * mebibyte)).toEqual(['size-jump:a']);
  expect(jump(6 * mebibyte, 4 * mebibyte)).toEqual(['size-jump:a']);
  expect(jump(100, mebibyte)).toEqual([]);
  expect(jump(50 * mebibyte, 59 * mebibyte)).toEqual([]);
});

test('a licence that becomes another is told, whatever the order it is written in', () => {
  const change = (...licenses: readonly string[]): ReturnType<typeof diffRelease>['findings'] =>
    diffRelease({
      previous: [released('a', { licenses: ['MIT', 'ISC'] })],
      next: [released('a', { licenses }), released('b', { licenses: ['X'] })],
      acknowledged: [],
    }).findings;
  expect(change('ISC', 'MIT')).toEqual([]);
  expect(change('GPL-2.0-only')).toMatchObject([
    {
      id: 'changed-licence:a',
      message: 'the licence goes from "ISC AND MIT" to "GPL-2.0-only"',
    },
  ]);
});

test('files that are gone are counted when they are many', () => {
  const files = Array.from({ length: 40 }, (_, index) => plain(`usr/share/a/${index}`));
  const lost = (count: number): ReturnType<typeof diffRelease> =>
    diffRelease({
      previous: [released('a', { files })],
      next: [released('a', { files: files.slice(count) })],
      acknowledged: [],
    });
  expect(lost(9).findings).toEqual([]);
  expect(lost(10).findings).toEqual([
    {
      id: 'removed-files:a',
      kind: 'removed-files',
      packageName: 'a',
      message:
        '10 of 40 files are gone, among them "usr/share/a/0", "usr/share/a/1", "usr/share/a/2"',
      acknowledged: false,
    },
  ]);
});

test('what somebody wants is marked, and what did not happen is told', () => {
  const { findings, unused } = diffRelease({
    previous: [released('a', { provides: ['cmd:x=1', 'cmd:y=1'] })],
    next: [released('a')],
    acknowledged: ['removed-command:a:x', 'removed-command:a:z'],
  });
  expect(findings.map(({ id, acknowledged }) => [id, acknowledged])).toEqual([
    ['removed-command:a:x', true],
    ['removed-command:a:y', false],
  ]);
  expect(unused).toEqual(['removed-command:a:z']);
});

test('a tree is compared by its files, their bits and their capabilities', () => {
  const one = file('usr/bin/one', '', 0o4755);
  const attribute = capabilityAttribute([{ 'cap_sys_admin,cap_net_raw': '+ep' }]);
  const tree = makeTree('a', [
    directory('usr'),
    { ...one, xattrs: new Map([['security.capability', attribute]]) },
    hardlink('usr/bin/two', 'usr/bin/one', 0o4755),
    link('usr/bin/x', 'one'),
    file('var/lib/db/sbom/a-1-r0.spdx.json'),
  ]);
  expect(releasedFiles(tree)).toEqual([
    plain('usr/bin/one', 0o4755, 'cap_net_raw', 'cap_sys_admin'),
    plain('usr/bin/two', 0o4755, 'cap_net_raw', 'cap_sys_admin'),
    plain('usr/bin/x', 0),
  ]);
});

test('capabilities are named, and an attribute that cannot be read is told', () => {
  const attribute = Buffer.from(capabilityAttribute([{ cap_net_raw: 'i' }]));
  expect(capabilitiesIn(attribute)).toEqual(['cap_net_raw']);
  attribute.writeUInt32LE(1 << 8, 12);
  attribute.writeUInt32LE(0x8000_0000, 16);
  expect(capabilitiesIn(attribute)).toEqual(['cap_net_raw', 'cap_checkpoint_restore', 'cap_63']);
  expect(capabilitiesIn(attribute.subarray(0, 20))).toEqual(['unreadable']);
  const second = Buffer.from(attribute.subarray(0, 20));
  second.writeUInt32LE(0x0200_0000, 0);
  expect(capabilitiesIn(second)).toEqual(['cap_net_raw', 'cap_checkpoint_restore', 'cap_63']);
  expect(capabilitiesIn(new Uint8Array(0))).toEqual(['unreadable']);
});
