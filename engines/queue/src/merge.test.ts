import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freshRecord, incomingOf, mergeEnqueue, mergeReasons } from './merge.ts';
import type { Incoming } from './merge.ts';

const now = 1_000;
const incoming: fc.Arbitrary<Incoming> = fc.record({
  key: fc.constant('thing:a' as const),
  priority: fc.integer({ min: -50, max: 500 }),
  eligibleSince: fc.integer({ min: now, max: now + 10_000 }),
  floored: fc.boolean(),
  reason: fc.string({ maxLength: 40 }),
});
const plain = incoming.map((one) => ({ ...one, floored: false }));
const record = incoming.map((one) => freshRecord(one, now));

test('no enqueue makes a key less urgent', () => {
  fc.assert(
    fc.property(record, incoming, (existing, one) => {
      expect(mergeEnqueue(existing, one).priority).toBe(Math.max(existing.priority, one.priority));
    }),
  );
});

test('no enqueue without a floor makes a key due later, and none moves a floor', () => {
  fc.assert(
    fc.property(record, plain, (existing, one) => {
      const merged = mergeEnqueue(existing, one);
      expect(merged.eligibleSince).toBeLessThanOrEqual(existing.eligibleSince);
      const moved = merged.eligibleSince !== existing.eligibleSince;
      expect(existing.floored && moved).toBe(false);
    }),
  );
});

test('a floor holds whatever is enqueued before or after it', () => {
  fc.assert(
    fc.property(record, fc.array(incoming, { maxLength: 8 }), (first, rest) => {
      const merged = rest.reduce(mergeEnqueue, first);
      const floors = [first, ...rest]
        .filter(({ floored }) => floored)
        .map((one) => one.eligibleSince);
      expect(merged.floored).toBe(floors.length > 0);
      const held = merged.eligibleSince === Math.max(...floors);
      expect(held || floors.length === 0).toBe(true);
    }),
  );
});

test('the order of the enqueues decides neither urgency nor time', () => {
  fc.assert(
    fc.property(record, fc.array(incoming, { maxLength: 6 }), (first, rest) => {
      const one = rest.reduce(mergeEnqueue, first);
      const other = rest.toReversed().reduce(mergeEnqueue, first);
      expect([other.priority, other.eligibleSince, other.floored]).toEqual([
        one.priority,
        one.eligibleSince,
        one.floored,
      ]);
    }),
  );
});

test('enqueueing the same again changes nothing and gives the very same record', () => {
  fc.assert(
    fc.property(record, incoming, (existing, one) => {
      const once = mergeEnqueue(existing, one);
      expect(mergeEnqueue(once, one)).toBe(once);
    }),
  );
});

test.each([
  ['', '; ', '; '],
  ['a', '; ', 'a'],
  ['a', 'b; a; b', 'a; b'],
  ['a;', ' b', 'a;;  b'],
  ['b; c', 'c; b', 'b; c'],
])('of %j and %j is %j, and stays so', (existing, one, merged) => {
  expect(mergeReasons(existing, one)).toBe(merged);
  expect(mergeReasons(merged, one)).toBe(merged);
});

test('reasons of any characters, separators above all, add up once', () => {
  const reason = fc.array(fc.constantFrom(';', ' ', '; ', 'a', 'b', '\0', '\ud800'), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(reason, { minLength: 1, maxLength: 5 }), (words) => {
      const [one = '', ...rest] = words.map((word) => word.join(''));
      const all = [...rest, one].reduce(mergeReasons, '');
      expect(mergeReasons(all, one)).toBe(all);
      expect(rest.reduce(mergeReasons, all)).toBe(all);
    }),
    { numRuns: 1000 },
  );
});

test('what an enqueue does not decide stays: attempts, creation, last attempt', () => {
  fc.assert(
    fc.property(record, incoming, (existing, one) => {
      const tried = {
        ...existing,
        attempts: 3,
        createdAt: 7,
        firstEnqueuedAt: 5,
        lastAttemptedAt: 9,
      };
      expect(mergeEnqueue(tried, one)).toMatchObject({
        attempts: 3,
        createdAt: 7,
        firstEnqueuedAt: 5,
        lastAttemptedAt: 9,
      });
    }),
  );
});

test('reasons add up, each once, within 300 characters', () => {
  expect(mergeReasons('', 'a')).toBe('a');
  expect(mergeReasons('a; b', 'b')).toBe('a; b');
  expect(mergeReasons('a', 'b')).toBe('a; b');
  expect(mergeReasons('x'.repeat(290), 'y'.repeat(20))).toHaveLength(290);
});

test('a time in the past means now, and options of one request win over the shared ones', () => {
  const one = incomingOf(
    { key: 'thing:a', priority: 4 },
    { priority: 2, notBefore: 1, reason: 'r' },
    now,
  );
  expect(one).toMatchObject({ priority: 4, eligibleSince: now, reason: 'r' });
});
