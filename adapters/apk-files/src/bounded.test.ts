import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapBounded } from './bounded.ts';

describe('mapBounded', () => {
  it('keeps the order, and has no more under way than it may', async () => {
    let underWay = 0;
    let most = 0;
    const results = await mapBounded([5, 1, 4, 2, 3], 2, async (item) => {
      most = Math.max(most, ++underWay);
      await setTimeout(item);
      underWay--;
      return item * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
  });

  it('begins nothing after a failure, and throws the earliest', async () => {
    const begun: number[] = [];
    const work = mapBounded([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      await setTimeout(item === 0 ? 5 : 1);
      throw new Error(`item ${item}`);
    });
    await expect(work).rejects.toThrow('item 0');
    expect(begun).toEqual([0, 1]);
  });

  it('does nothing with nothing', async () => {
    expect(await mapBounded([], 4, () => Promise.reject(new Error('called')))).toEqual([]);
  });
});
