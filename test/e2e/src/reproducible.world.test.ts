import { gzipSync } from 'node:zlib';
import type { PackageDetail } from '@kiln/server/schemas';
import { directoryEntry, fileEntry, tarBytes } from '@kiln/tar';
import type { TarEntry } from '@kiln/tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Factory } from './factory.ts';
import { treeDifference } from './tree-difference.ts';
import { imageDifferences, otherConditions, packageDifferences } from './twins.ts';
import { warmHome } from './warm-home.ts';

describe('what differs between two trees', () => {
  const packed = (
    members: readonly { readonly entry: TarEntry; readonly content: Uint8Array }[],
    level = 6,
  ): Uint8Array => gzipSync(tarBytes(members), { level });
  const file = (
    path: string,
    text: string,
    mode = 0o644,
  ): { entry: TarEntry; content: Uint8Array } => {
    const content = Buffer.from(text);
    return { entry: fileEntry(path, content.length, { mode }), content };
  };
  const usr = { entry: directoryEntry('usr'), content: new Uint8Array() };

  test('is nothing where the bytes are equal', async () => {
    const bytes = packed([usr, file('usr/a', 'a')]);
    expect(await treeDifference(bytes, Buffer.from(bytes))).toEqual([]);
  });

  test('is named entry by entry and field by field', async () => {
    const first = packed([usr, file('usr/a', 'a'), file('usr/b', 'b'), file('usr/c', 'c')]);
    const second = packed([usr, file('usr/a', 'A'), file('usr/b', 'b', 0o755), file('usr/d', 'd')]);
    expect(await treeDifference(first, second)).toEqual([
      expect.stringMatching(/^usr\/a: content [0-9a-f]{12} and [0-9a-f]{12}$/),
      `usr/b: mode ${0o644} and ${0o755}`,
      'usr/c: only in the first',
      'usr/d: only in the second',
    ]);
  });

  test('may be the order or the packing alone', async () => {
    const first = packed([file('a', '1'), file('b', '2')]);
    expect(await treeDifference(first, packed([file('b', '2'), file('a', '1')]))).toEqual([
      'only the order of the entries differs',
    ]);
    expect(await treeDifference(first, packed([file('a', '1'), file('b', '2')], 0))).toEqual([
      'only the packing differs',
    ]);
  });
});

describe('the same catalog built twice: another folder, time, time zone, locale, mask and number of processors', () => {
  let one: Factory;
  let other: Factory;

  beforeAll(async () => {
    // Copies of one home share their keys.
    other = new Factory({ ...otherConditions, homeFrom: await warmHome('seed') });
    one = new Factory({ homeFrom: await warmHome('catalog') });
    await other.up();
    await one.up();
  }, 900_000);

  afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  }, 120_000);

  test('gives equal packages', async () => {
    expect(await packageDifferences(one, other)).toEqual([]);
    const [left, right] = [one, other].map((factory) =>
      factory.json<PackageDetail>('package', 'show', 'greeter'),
    );
    expect((await left)?.apk).toBe((await right)?.apk);
  });

  test('gives equal images', async () => {
    expect(await imageDifferences(one, other)).toEqual([]);
    expect(await one.images()).not.toEqual([]);
  });
});
