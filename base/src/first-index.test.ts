import { expect, test } from 'vitest';
import { firstIndex } from './first-index.ts';

test.each([0, 1, 2, 7, 100])('finds each place among %i', (count) => {
  for (let place = 0; place <= count; place += 1) {
    const asked: number[] = [];
    expect(firstIndex(count, (index) => (asked.push(index), index < place))).toBe(place);
    expect(asked.every((index) => index >= 0 && index < count)).toBe(true);
    expect(asked.length).toBeLessThan(8);
  }
});
