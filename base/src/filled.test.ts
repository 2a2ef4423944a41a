import { expect, it } from 'vitest';
import { filled } from './filled.ts';

it('asks again for what a read did not give, until there is no more', () => {
  const source = Uint8Array.of(1, 2, 3, 4, 5);
  const fill = (sizeBytes: number, atOnce: number): [number, number[]] => {
    const into = new Uint8Array(sizeBytes);
    const count = filled(into, (rest, at) => {
      const some = source.subarray(at, at + Math.min(atOnce, rest.length));
      rest.set(some);
      return some.length;
    });
    return [count, [...into]];
  };
  expect(fill(5, 2)).toEqual([5, [1, 2, 3, 4, 5]]);
  expect(fill(3, 9)).toEqual([3, [1, 2, 3]]);
  expect(fill(7, 3)).toEqual([5, [1, 2, 3, 4, 5, 0, 0]]);
  expect(fill(0, 1)).toEqual([0, []]);
});
