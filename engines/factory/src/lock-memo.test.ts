import { digestOf } from '@kiln/base';
import type { Key } from '@kiln/queue';
import { beforeEach, expect, test } from 'vitest';
import { lockEnvironment } from './environment.ts';
import type { EnvironmentLock } from './environment.ts';
import { LockMemo } from './lock-memo.ts';
import type { LockInputs, SolvedLock } from './lock-memo.ts';
import type { BuiltPackage } from './records.ts';
import { MemoryRecords, buildResult, builtPackage } from './testing.ts';

const tool: Key = 'package:tool@x86_64';
const one = builtPackage({ name: 'tool', version: '1-r0', depends: ['libc'] });
const libc = builtPackage({ name: 'libc', version: '1-r0' });

let records: MemoryRecords;
let locks: LockMemo;
let generationsRead: number;

beforeEach(() => {
  records = new MemoryRecords();
  locks = new LockMemo();
  generationsRead = 0;
  const generation = records.generation.bind(records);
  records.generation = (...place) => {
    generationsRead += 1;
    return generation(...place);
  };
});

async function publish(...packages: readonly BuiltPackage[]): Promise<void> {
  const head = await records.generationHead('seed', 'x86_64');
  const next = {
    repository: 'seed',
    arch: 'x86_64',
    indexBlob: digestOf('i'),
    unsigned: digestOf('u'),
  };
  await records.publishGeneration({ ...next, packages }, head?.number ?? 0);
}

const lock = (...world: readonly string[]): Promise<EnvironmentLock> =>
  lockEnvironment({ records, locks }, { arch: 'x86_64', closure: [tool], seed: true, world });

async function versions(...world: readonly string[]): Promise<readonly string[]> {
  const found = await lock(...world);
  return found.kind === 'locked'
    ? found.packages.map(({ name, version }) => `${name}=${version}`)
    : [found.kind];
}

test('an environment is solved once while nothing changes, and its generation is read once', async () => {
  await records.finish(tool, buildResult([one]));
  await publish(libc);
  expect(await versions('tool')).toEqual(['libc=1-r0', 'tool=1-r0']);
  expect(await versions('tool', 'tool')).toEqual(['libc=1-r0', 'tool=1-r0']);
  expect(locks.counts).toMatchObject({ solves: 1, hits: 1, entries: 1 });
  expect(await versions('libc')).toEqual(['libc=1-r0']);
  expect(locks.counts).toMatchObject({ solves: 2, hits: 1 });
  expect(generationsRead).toBe(1);
});

test('that something cannot be is known the second time too', async () => {
  await publish(libc);
  expect(await lock('absent')).toEqual(await lock('absent'));
  expect(locks.counts).toMatchObject({ solves: 1, hits: 1 });
});

test('a new generation and a new build are other questions', async () => {
  await records.finish(tool, buildResult([one]));
  await publish(libc);
  expect(await versions('tool')).toEqual(['libc=1-r0', 'tool=1-r0']);
  await publish(builtPackage({ name: 'libc', version: '2-r0' }));
  expect(await versions('tool')).toEqual(['libc=2-r0', 'tool=1-r0']);
  await records.finish(tool, buildResult([builtPackage({ name: 'tool', version: '2-r0' })]));
  expect(await versions('tool')).toEqual(['tool=2-r0']);
  expect(locks.counts).toMatchObject({ solves: 3, hits: 0 });
});

const inputs = (...world: readonly string[]): LockInputs => ({
  use: 'image',
  generations: [],
  packages: [],
  world,
});
const no = (text: string): SolvedLock => ({ kind: 'unsolved', chain: [text] });

test('what was asked for longest ago goes first, by entries and by bytes', async () => {
  const memo = new LockMemo({ entriesMax: 2 });
  const ask = (name: string): Promise<unknown> => memo.lock(inputs(name), async () => no(name));
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(name);
  expect(memo.counts).toMatchObject({ entries: 2, hits: 2, solves: 4 });
  const small = new LockMemo({ bytesMax: 1000 });
  for (const name of ['a', 'b', 'c'])
    await small.lock(inputs(name), async () => no(name.repeat(400)));
  expect(small.counts.entries).toBe(2);
  expect(small.counts.sizeBytes).toBeLessThan(1000);
  await small.lock(inputs('d'), async () => no('d'.repeat(2000)));
  expect(small.counts).toMatchObject({ entries: 0, sizeBytes: 0 });
});

test('the use, the filters and where one entry ends are part of the question, and no answer yet is not kept', async () => {
  const variants: readonly LockInputs[] = [
    inputs('a', 'b'),
    inputs('a b'),
    { ...inputs('a', 'b'), use: 'environment' },
    { ...inputs('a', 'b'), filters: ['package:x@x86_64'] },
    { ...inputs('a', 'b'), packages: [one] },
  ];
  for (const [number, variant] of variants.entries())
    expect(await locks.lock(variant, async () => no(`${number}`))).toEqual(no(`${number}`));
  expect(locks.counts).toMatchObject({ entries: variants.length, hits: 0 });
  expect(await locks.lock(inputs('later'), async () => undefined)).toBeUndefined();
  expect(await locks.lock(inputs('later'), async () => no('now'))).toEqual(no('now'));
});
