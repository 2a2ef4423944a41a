import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { compareEntries, type ComparedEntry } from './compare.ts';

const traces = { places: ['/tmp/first', '/tmp/second', 'kiln-check', 'kiln'] };

function entry(path: string, text: string, facts: ComparedEntry['facts'] = {}): ComparedEntry {
  const bytes = Buffer.from(text);
  return {
    path,
    facts,
    content: createHash('sha256').update(bytes).digest('hex'),
    read: () => Promise.resolve(bytes),
  };
}

test('equal builds have no differences', async () => {
  const one = [entry('a', 'x', { mode: 0o644 }), entry('b', 'y')];
  expect(await compareEntries(one, one.toReversed(), traces)).toEqual([]);
});

test.each([
  ['time', 'built 2026-01-02T03:04:05Z', 'built 2026-01-02T03:04:09Z'],
  ['time', 'Fri Jan  2 03:04:05 2026', 'Fri Jan  2 03:04:06 2026'],
  ['time', 'Fri Nov 27 17:38:24 UTC 2026', 'Sat Nov 28 07:38:25 +14 2026'],
  ['time', '__DATE__ Jan  2 2026 03:04', '__DATE__ Jan 12 2026 13:04'],
  ['time', 'epoch=1767322000;', 'epoch=1767322009;'],
  ['path', 'from /tmp/first/x', 'from /tmp/second/x'],
  ['path', 'host kiln', 'host kiln-check'],
  ['order', 'one\ntwo\nthree\n', 'three\none\ntwo\n'],
  ['order', 'ab', 'ba'],
  ['randomness', 'key 8f3a', 'key 77c1'],
])('content that differs by %s: %j', async (kind, first, second) => {
  const [difference] = await compareEntries([entry('f', first)], [entry('f', second)], traces);
  expect(difference).toMatchObject({ path: 'f', kind });
});

test('entries of one build only and facts are named', async () => {
  const first = [entry('a', ''), entry('b', '', { mode: 0o644, mtime: 1 })];
  const second = [entry('b', '', { mode: 0o755, mtime: 2 }), entry('c', '')];
  expect(await compareEntries(first, second, traces)).toEqual([
    { path: 'a', kind: 'presence', detail: 'only in the first build' },
    { path: 'b', kind: 'fact', detail: 'mode: 420 and 493' },
    { path: 'b', kind: 'time', detail: 'mtime: 1 and 2' },
    { path: 'c', kind: 'presence', detail: 'only in the second build' },
  ]);
});
