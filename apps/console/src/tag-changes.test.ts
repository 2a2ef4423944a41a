import { expect, test } from 'vitest';
import { comparedChanges } from './tag-changes.ts';

const change = (tag: string, digest: string | null, at: number) => ({ tag, digest, at });

test('a change is compared with where the same tag was before, deletions aside', () => {
  const events = [
    change('latest', 'c', 5),
    change('old', 'b', 4),
    change('latest', null, 3),
    change('latest', 'b', 2),
    change('latest', 'a', 1),
  ];
  const repository = 'app';
  const previous = (next: number | null) =>
    comparedChanges({ repository, events, next }).map((one) => one.previous);
  const at = (digest: string) => ({ kind: 'at', digest });
  const first = { kind: 'first' };
  const earlier = { kind: 'earlier', before: 1 };
  expect(previous(null)).toEqual([at('b'), first, at('b'), at('a'), first]);
  expect(previous(1)).toEqual([at('b'), earlier, at('b'), at('a'), earlier]);
});

test('a change keeps its key when newer ones come, and no two have the same', () => {
  const before = [change('latest', 'a', 1), change('latest', 'b', 1), change('latest', 'a', 1)];
  const keys = (events: typeof before) =>
    comparedChanges({ repository: 'app', events, next: null }).map((one) => one.key);
  expect(new Set(keys(before)).size).toBe(3);
  expect(keys([change('latest', 'a', 1), ...before]).slice(1)).toEqual(keys(before));
});
