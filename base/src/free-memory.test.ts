import { expect, it } from 'vitest';
import { freeMemory } from './free-memory.ts';

it('takes the memory of large buffers, and leaves what others may use', () => {
  const large = new Uint8Array(200_000);
  const part = new Uint8Array(300_000).subarray(7, 9);
  const small = new Uint8Array(100);
  const shared = new Uint8Array(new SharedArrayBuffer(200_000));
  for (const bytes of [large, part, small, shared]) freeMemory(bytes);
  expect([large, part, small, shared].map(({ length }) => length)).toEqual([0, 0, 100, 200_000]);
  expect(() => freeMemory(large)).not.toThrow();
});
