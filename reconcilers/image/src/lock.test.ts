import { assert, digestOf } from '@kiln/base';
import type { BuiltPackage, ImageBundle } from '@kiln/factory';
import { LockMemo } from '@kiln/factory';
import { MemoryRecords, buildResult, builtPackage } from '@kiln/factory/testing';
import type { Key } from '@kiln/queue';
import { beforeEach, expect, test } from 'vitest';
import type { ImageLock } from './lock.ts';
import { lockImage, lockWithTest } from './lock.ts';

const zlib: Key = 'package:zlib@x86_64';
const server: Key = 'package:server@x86_64';
const libc: Key = 'package:libc@x86_64';
const zlibTest: Key = 'test:zlib@x86_64';
const index: Key = 'index:os@x86_64';
const one = builtPackage({ name: 'zlib', version: '1-r0' });
const two = builtPackage({ name: 'zlib', version: '2-r0' });
const serverPackage = builtPackage({ name: 'server', version: '1-r0', depends: ['zlib'] });

let records: MemoryRecords;
let locks: LockMemo;

beforeEach(() => {
  records = new MemoryRecords();
  locks = new LockMemo();
});

const build = (key: Key, built: BuiltPackage, made: readonly BuiltPackage[] = []): Promise<void> =>
  records.finish(key, buildResult([built], made));

async function publish(...packages: readonly BuiltPackage[]): Promise<void> {
  const current = await records.currentGeneration('os', 'x86_64');
  const next = {
    repository: 'os',
    arch: 'x86_64',
    indexBlob: digestOf('i'),
    unsigned: digestOf('u'),
  };
  await records.publishGeneration({ ...next, packages }, current?.number ?? 0);
}

function lock(
  optional: readonly Key[] = [],
  ingredients: readonly Key[] = [],
  tests: readonly Key[] = [zlibTest],
): Promise<ImageLock> {
  const bundle = {
    arch: 'x86_64',
    closure: [server, zlib],
    optional,
    ingredients,
    tests,
    repositories: ['os'],
  } as unknown as ImageBundle;
  return lockImage({ records, locks }, bundle, ['server']);
}

async function locked(): Promise<readonly string[]> {
  const found = await lock();
  return found.kind === 'locked'
    ? found.packages.map(({ record }) => `${record.name} ${record.version}`)
    : [found.kind];
}

test('an index that lags behind what passed is waited for', async () => {
  await build(zlib, one);
  await build(server, serverPackage);
  await records.finish(zlibTest, { kind: 'test', apks: [one.apk], tests: [] });
  expect(await lock()).toEqual({ kind: 'waiting', keys: [index] });
  await publish(one, serverPackage);
  expect(await locked()).toEqual(['zlib 1-r0', 'server 1-r0']);
});

test('what waits for its test is waited for where nothing else will do', async () => {
  await build(zlib, one);
  await build(server, serverPackage);
  await publish(serverPackage);
  expect(await lock([libc])).toEqual({ kind: 'waiting', keys: [zlibTest] });
});

test('the version that passed goes into an image while the next one waits, and what was made of that too', async () => {
  await build(zlib, one);
  await build(server, serverPackage);
  await records.finish(zlibTest, { kind: 'test', apks: [one.apk], tests: [] });
  await publish(one, serverPackage);
  await build(zlib, two);
  await build(server, builtPackage({ name: 'server', version: '1-r1', depends: ['zlib'] }), [two]);
  expect(await locked()).toEqual(['zlib 1-r0', 'server 1-r0']);
});

test('an image is solved again only when a generation or what passed is another', async () => {
  await build(zlib, one);
  await build(server, serverPackage);
  await records.finish(zlibTest, { kind: 'test', apks: [one.apk], tests: [] });
  // An index that lags behind is no answer to keep.
  expect(await lock()).toEqual({ kind: 'waiting', keys: [index] });
  await publish(one, serverPackage);
  expect(await locked()).toEqual(await locked());
  expect(locks.counts).toMatchObject({ solves: 2, hits: 1 });
  await publish(one, serverPackage);
  expect(await locked()).toEqual(['zlib 1-r0', 'server 1-r0']);
  await build(zlib, two);
  expect(await locked()).toEqual(['zlib 1-r0', 'server 1-r0']);
  await publish(two, serverPackage);
  await records.finish(zlibTest, { kind: 'test', apks: [two.apk], tests: [] });
  expect(await locked()).toEqual(['zlib 2-r0', 'server 1-r0']);
  expect(locks.counts).toMatchObject({ solves: 5, hits: 1 });
});

test('recipes that the seed plays elsewhere are waited for when all else passed', async () => {
  await build(zlib, one);
  await build(server, builtPackage({ name: 'server', version: '1-r0', depends: ['so:libc.so.6'] }));
  await records.finish(zlibTest, { kind: 'test', apks: [one.apk], tests: [] });
  await publish(one, builtPackage({ name: 'server', version: '1-r0', depends: ['so:libc.so.6'] }));
  expect(await lock([libc])).toEqual({ kind: 'waiting', keys: [libc] });
});

test('what was made with an untested tool is held, though the tool is no candidate', async () => {
  const tool: Key = 'package:tool@x86_64';
  const toolTest: Key = 'test:tool@x86_64';
  const toolPackage = builtPackage({ name: 'tool', version: '1-r0' });
  await build(zlib, one);
  await build(server, serverPackage);
  await publish(one, serverPackage);
  await build(tool, toolPackage);
  await build(zlib, two, [toolPackage]);
  const found = await lock([], [tool], [toolTest]);
  assert(found.kind === 'locked', 'it resolves to what is shown');
  expect(found.packages.map(({ record }) => record.version)).toEqual(['1-r0', '1-r0']);
});

test.each([
  ['images/app.yaml', ['server', 'nowhere'], []],
  ['images/app.test.yaml', ['server'], ['nowhere']],
])('%s is named where it asks for what there is not', async (file, asked, ofTest) => {
  await build(zlib, one);
  await build(server, serverPackage);
  await publish(one, serverPackage);
  const bundle = {
    file: 'images/app.yaml',
    testFile: 'images/app.test.yaml',
    arch: 'x86_64',
    closure: [server, zlib],
    optional: [],
    ingredients: [],
    tests: [],
    repositories: ['os'],
  } as unknown as ImageBundle;
  await expect(lockWithTest({ records, locks }, bundle, { asked, ofTest })).rejects.toMatchObject({
    code: 'IMAGE_UNSOLVED',
    message: expect.stringMatching(new RegExp(`^${file}: .*nowhere`)),
  });
});
