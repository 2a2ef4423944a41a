import type { Key } from '@kiln/queue';
import { expect, test } from 'vitest';
import { heldResults } from './held-results.ts';
import type { BuiltPackage } from './records.ts';
import { MemoryRecords, buildResult, builtPackage } from './testing.ts';

const zip: Key = 'package:zip@x86_64';
const tls: Key = 'package:tls@x86_64';
const server: Key = 'package:server@x86_64';
const zipTest: Key = 'test:zip@x86_64';

/** A factory whose three recipes are built, each with the one before, and the first of which has a test. */
class Built {
  readonly records = new MemoryRecords();

  build(key: Key, packages: readonly BuiltPackage[], inputs: readonly BuiltPackage[]) {
    return this.records.finish(key, buildResult(packages, inputs));
  }

  pass(packages: readonly BuiltPackage[]) {
    const apks = packages.map(({ apk }) => apk);
    return this.records.finish(zipTest, { kind: 'test', apks, tests: [] });
  }

  async held(): Promise<Readonly<Record<string, readonly Key[]>>> {
    const recipes = { packages: [zip, tls, server], tests: [zipTest] };
    const { held } = await heldResults(this.records, recipes);
    return Object.fromEntries(held);
  }
}

const one = [
  builtPackage({ name: 'zip', version: '1-r0' }),
  builtPackage({ name: 'zip-dev', version: '1-r0' }),
];
const two = [
  builtPackage({ name: 'zip', version: '2-r0' }),
  builtPackage({ name: 'zip-dev', version: '2-r0' }),
];
const tlsPackage = builtPackage({ name: 'tls', version: '1-r0' });

async function built(zipPackages: readonly BuiltPackage[]): Promise<Built> {
  const factory = new Built();
  await factory.build(zip, zipPackages, []);
  await factory.build(tls, [tlsPackage], zipPackages.slice(1));
  await factory.build(server, [builtPackage({ name: 'server', version: '1-r0' })], [tlsPackage]);
  return factory;
}

test('a package whose test never passed is held, with all that was made of it, of whatever depth', async () => {
  const factory = await built(one);
  expect(await factory.held()).toEqual({
    'package:zip@x86_64': [zipTest],
    'package:tls@x86_64': [zipTest],
    'package:server@x86_64': [zipTest],
  });
});

test('nothing is held once the test passed on exactly these files', async () => {
  const factory = await built(one);
  await factory.pass(one);
  expect(await factory.held()).toEqual({});
});

test('a test that passed on another build says nothing of this one', async () => {
  const factory = await built(two);
  await factory.pass(one);
  expect(Object.keys(await factory.held())).toHaveLength(3);
});

test('what was made of the version before is not held by a test of the new one', async () => {
  const factory = await built(one);
  await factory.pass(one);
  await factory.build(zip, two, []);
  expect(await factory.held()).toEqual({ 'package:zip@x86_64': [zipTest] });
});

test('a rebuild with the same bytes needs no further test', async () => {
  const factory = await built(one);
  await factory.pass(one);
  await factory.build(zip, one, [builtPackage({ name: 'gcc', version: '13-r0' })]);
  expect(await factory.held()).toEqual({});
});
