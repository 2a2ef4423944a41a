import { afterEach, expect, test, vi } from 'vitest';
import { garbageCollector } from './garbage.ts';

afterEach(() => vi.unstubAllGlobals());

test('collects when there is enough, and counts anew', () => {
  const gc = vi.fn();
  vi.stubGlobal('gc', gc);
  const collect = garbageCollector('minor', 10);
  for (const bytes of [4, 5, 3, 9, 1]) collect(bytes);
  expect(gc.mock.calls).toEqual([[{ type: 'minor' }], [{ type: 'minor' }]]);
});

test('does without where nobody can collect', () => {
  vi.stubGlobal('gc', undefined);
  expect(() => garbageCollector('major', 1)(2)).not.toThrow();
});
