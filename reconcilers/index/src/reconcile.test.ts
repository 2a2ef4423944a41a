import { digestOf, silentLogger } from '@kiln/base';
import { MemoryBlobs } from '@kiln/blobs';
import type { BuiltPackage, IndexBundle } from '@kiln/factory';
import { MemoryRecords, buildResult, builtPackage } from '@kiln/factory/testing';
import type { Key, Outcome, ReconcileContext } from '@kiln/queue';
import type { Signer } from '@kiln/trust';
import { beforeEach, expect, test } from 'vitest';
import { indexReconciler } from './reconcile.ts';

const index: Key = 'index:os@x86_64';
const zlib: Key = 'package:zlib@x86_64';
const tls: Key = 'package:tls@x86_64';
const zlibTest: Key = 'test:zlib@x86_64';
const provenance = 'https://slsa.dev/provenance/v1';
const one = builtPackage({ name: 'zlib', version: '1-r0' });
const two = builtPackage({ name: 'zlib', version: '2-r0' });

let records: MemoryRecords;
let blobs: MemoryBlobs;

beforeEach(() => {
  records = new MemoryRecords();
  blobs = new MemoryBlobs();
});

/** An index of these, `tests` of which are tested. */
async function want(tests: readonly Key[] = [], packages: readonly Key[] = [zlib]): Promise<void> {
  const bundle: IndexBundle = {
    kind: 'index',
    repository: 'os',
    arch: 'x86_64',
    packages,
    below: [],
    tests,
  };
  await records.want(blobs, index, bundle, [...packages, ...tests]);
}

/** A build of this package, of these. */
async function build(
  key: Key,
  built: BuiltPackage,
  inputs: readonly BuiltPackage[] = [],
): Promise<void> {
  await records.finish(key, buildResult([built], inputs));
  const bundle = digestOf(`bundle of ${built.apk}`);
  await records.recordAttestations(key, [
    { subject: built.apk, predicateType: provenance, bundle },
  ]);
}

const pass = ({ apk }: BuiltPackage): Promise<void> =>
  records.finish(zlibTest, { kind: 'test', apks: [apk], tests: [] });

async function look(): Promise<Outcome['kind']> {
  const signer = { signIndex: async () => Buffer.from('signature') } as unknown as Signer;
  const context = {
    signal: new AbortController().signal,
    logger: silentLogger,
  } as unknown as ReconcileContext;
  return (await indexReconciler({ records, blobs, signer }).reconcile(index, context)).kind;
}

const shown = async (): Promise<readonly string[] | undefined> =>
  (await records.currentGeneration('os', 'x86_64'))?.packages.map(({ file }) => file);

test('a package is shown once it is said how it was made', async () => {
  await want();
  await build(zlib, one);
  expect(await look()).toBe('done');
  expect(await shown()).toEqual(['zlib-1-r0.apk']);
});

test('a package of which nothing is said is not shown, and the index is looked at again', async () => {
  await want();
  await records.finish(zlib, buildResult([one]));
  expect(await look()).toBe('requeueAfter');
  await build(tls, two);
  expect(await look()).toBe('requeueAfter');
  expect(await shown()).toBeUndefined();
});

test('what is visible already stays, whatever is said of it', async () => {
  await want();
  await records.finish(zlib, buildResult([one]));
  const indexBlob = digestOf('lost index');
  const packages = [one];
  await records.publishGeneration(
    { repository: 'os', arch: 'x86_64', indexBlob, unsigned: digestOf('another'), packages },
    0,
  );
  expect(await look()).toBe('done');
  expect((await records.currentGeneration('os', 'x86_64'))?.number).toBe(2);
  expect(await shown()).toEqual(['zlib-1-r0.apk']);
});

test('a package whose test has not passed is not shown; nothing else waits for it', async () => {
  await want([zlibTest], [zlib, tls]);
  await build(zlib, one);
  await build(tls, builtPackage({ name: 'tls', version: '1-r0' }));
  expect(await look()).toBe('done');
  expect(await shown()).toEqual(['tls-1-r0.apk']);
  await pass(one);
  await look();
  expect(await shown()).toEqual(['tls-1-r0.apk', 'zlib-1-r0.apk']);
});

test('the version that passed last is shown until the next one passes, with what was made of it', async () => {
  await want([zlibTest], [zlib, tls]);
  await build(zlib, one);
  await build(tls, builtPackage({ name: 'tls', version: '1-r0' }), [one]);
  await pass(one);
  await look();
  await build(zlib, two);
  await build(tls, builtPackage({ name: 'tls', version: '1-r1' }), [two]);
  await look();
  expect(await shown()).toEqual(['tls-1-r0.apk', 'zlib-1-r0.apk']);
  await pass(two);
  await look();
  expect(await shown()).toEqual(['tls-1-r1.apk', 'zlib-2-r0.apk']);
});

test('a recipe that gets its first test keeps what is visible until that passes', async () => {
  await want();
  await build(zlib, one);
  await look();
  await want([zlibTest]);
  await look();
  expect(await shown()).toEqual(['zlib-1-r0.apk']);
  expect((await records.currentGeneration('os', 'x86_64'))?.number).toBe(1);
});
