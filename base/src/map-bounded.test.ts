import { expect, test } from 'vitest';
import { mapBounded } from './map-bounded.ts';

test('results keep the order of the items, and no more than the bound are under way', async () => {
  let underWay = 0;
  let most = 0;
  const results = await mapBounded([5, 4, 3, 2, 1, 0], 3, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    for (let i = 0; i < item; i++) await Promise.resolve();
    underWay -= 1;
    return item * 2;
  });
  expect(results).toEqual([10, 8, 6, 4, 2, 0]);
  expect(most).toBe(3);
});

test('a failure stops the others, begins no further one, and waits for those under way', async () => {
  const begun: number[] = [];
  const told: unknown[] = [];
  const work = mapBounded([1, 2, 3, 4], 2, async (item, signal) => {
    begun.push(item);
    if (item === 1) throw new Error('one');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    told.push(signal.reason);
  });
  await expect(work).rejects.toThrow('one');
  expect(begun).toEqual([1, 2]);
  expect(told).toEqual([new Error('one')]);
});

test('a caller who stops is obeyed', async () => {
  const stop = AbortSignal.abort(new Error('stopped'));
  await expect(mapBounded([1], 2, () => Promise.resolve(), stop)).rejects.toThrow('stopped');
  expect(await mapBounded([], 2, () => Promise.resolve())).toEqual([]);
});

test('of several failures the earliest is thrown, whichever came first', async () => {
  const begun: number[] = [];
  const work = mapBounded([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    for (let i = 0; i < (item === 0 ? 50 : 5); i++) await Promise.resolve();
    throw new Error(`item ${item}`);
  });
  await expect(work).rejects.toThrow('item 0');
  expect(begun).toEqual([0, 1]);
});
