import { digestOf } from '@kiln/base';
import type { Key } from '@kiln/queue';
import { expect, test } from 'vitest';
import { parseKey } from './keys.ts';
import { neededFor } from './needed.ts';
import type { Desired } from './records.ts';

const desired = (key: Key, ...dependsOn: readonly Key[]): Desired => {
  const { kind, name } = parseKey(key);
  return { key, kind, name, catalog: 'os', bundle: digestOf(key), dependsOn, mayNeed: [] };
};

const all = [
  desired('package:zlib@x86_64', 'seed:x86_64'),
  desired('package:server@x86_64', 'package:zlib@x86_64'),
  desired('package:client@x86_64', 'package:zlib@x86_64'),
  desired('package:words@x86_64'),
  // A library is tested by what was built with it.
  desired('test:zlib@x86_64', 'package:zlib@x86_64', 'package:client@x86_64'),
  desired('test:client@x86_64', 'package:client@x86_64', 'package:server@x86_64'),
  desired('test:words@x86_64', 'package:words@x86_64'),
  desired('index:os@x86_64', 'package:words@x86_64', 'test:words@x86_64'),
  desired('image:server', 'package:server@x86_64', 'index:os@x86_64'),
  desired('seed:x86_64'),
];

test('what is asked for comes with what it needs, and that with its tests and what those need', () => {
  expect([...neededFor(all, ['server'])].sort()).toEqual([
    'image:server',
    'index:os@x86_64',
    'package:client@x86_64',
    'package:server@x86_64',
    'package:zlib@x86_64',
    'seed:x86_64',
    'test:client@x86_64',
    'test:zlib@x86_64',
  ]);
});

test('nothing else comes with it, though the index shows everything', () => {
  expect([...neededFor(all, ['words'])].sort()).toEqual([
    'package:words@x86_64',
    'test:words@x86_64',
  ]);
});
