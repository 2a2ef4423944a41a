import { expect, test } from 'vitest';
import { parseInstalled } from './installed.ts';

test('packages have their facts, relations and paths', () => {
  const text = `P:layout
V:1-r0
L:MIT
o:layout
C:Q1abc=
F:
R:init
F:etc
M:0:0:0750
R:passwd
a:0:0:0600
Z:Q1def=

P:tool
V:2-r1
t:1700000000
D:layout so:libc.so.6
p:cmd:tool=2-r1

`;
  expect(parseInstalled(text)).toEqual([
    {
      name: 'layout',
      version: '1-r0',
      origin: 'layout',
      license: 'MIT',
      checksum: 'Q1abc=',
      depends: [],
      provides: [],
      buildTimeSeconds: 0,
      paths: ['init', 'etc', 'etc/passwd'],
      fields: new Map([
        ['P', 'layout'],
        ['V', '1-r0'],
        ['L', 'MIT'],
        ['o', 'layout'],
        ['C', 'Q1abc='],
      ]),
      files: ['F:', 'R:init', 'F:etc', 'R:passwd'],
    },
    {
      name: 'tool',
      version: '2-r1',
      origin: '',
      license: '',
      checksum: '',
      depends: ['layout', 'so:libc.so.6'],
      provides: ['cmd:tool=2-r1'],
      buildTimeSeconds: 1700000000,
      paths: [],
      fields: new Map([
        ['P', 'tool'],
        ['V', '2-r1'],
        ['t', '1700000000'],
        ['D', 'layout so:libc.so.6'],
        ['p', 'cmd:tool=2-r1'],
      ]),
      files: [],
    },
  ]);
});

test('a database that is empty has none, and what is no field is refused by its line', () => {
  expect(parseInstalled('')).toEqual([]);
  expect(() => parseInstalled('P:x\nnothing\n')).toThrow(/line 2 is not a field/);
});
