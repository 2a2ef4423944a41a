import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { batchesAtHand } from './batches-at-hand.ts';

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

async function* numbers(count: number): AsyncIterable<number> {
  for (let number = 1; number <= count; number += 1) yield number;
}

describe('batches of what is at hand', () => {
  test('are full while there is enough, the last one is what is left', async () => {
    expect(await collected(batchesAtHand(numbers(7), 3))).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(await collected(batchesAtHand(numbers(0), 3))).toEqual([]);
    expect(await collected(batchesAtHand(numbers(3), 3))).toEqual([[1, 2, 3]]);
  });

  test('do not wait for what does not come', async () => {
    const more = Promise.withResolvers<undefined>();
    async function* source(): AsyncIterable<number> {
      yield* numbers(2);
      await more.promise;
      yield 3;
    }
    const batches = batchesAtHand(source(), 10, 1)[Symbol.asyncIterator]();
    expect((await batches.next()).value).toEqual([1, 2]);
    const third = batches.next();
    await sleep(5);
    more.resolve(undefined);
    expect((await third).value).toEqual([3]);
    expect((await batches.next()).done).toBe(true);
  });

  test('come before what befell the source after them', async () => {
    async function* source(): AsyncIterable<number> {
      yield* numbers(2);
      throw new Error('no more');
    }
    const batches = batchesAtHand(source(), 10)[Symbol.asyncIterator]();
    expect((await batches.next()).value).toEqual([1, 2]);
    await expect(batches.next()).rejects.toThrow('no more');
  });

  test('end the source when nobody takes them any more', async () => {
    let ended = false;
    async function* source(): AsyncIterable<number> {
      try {
        yield* numbers(100);
      } finally {
        ended = true;
      }
    }
    for await (const batch of batchesAtHand(source(), 2)) {
      expect(batch).toEqual([1, 2]);
      break;
    }
    expect(ended).toBe(true);
  });
});
