import { seededRandom } from '@kiln/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureBackoffMs, jitter, linearBackoffMs, lostLeaseDelayMs } from './backoff.ts';

test('failures wait 30 s, doubled each time up to ten minutes, plus up to half', () => {
  fc.assert(
    fc.property(fc.integer({ min: -3, max: 5_000 }), fc.integer(), (attempts, seed) => {
      const base = Math.min(30_000 * 2 ** (Math.max(attempts, 1) - 1), 600_000);
      const delay = failureBackoffMs(attempts, seededRandom(seed));
      expect(delay).toBeGreaterThanOrEqual(base);
      expect(delay).toBeLessThan(base * 1.5);
    }),
  );
});

test('jitter at most doubles, and leaves what is not positive alone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer(), (delay, seed) => {
      const found = jitter(delay, seededRandom(seed));
      expect(found).toBeGreaterThanOrEqual(delay);
      expect(found).toBeLessThan(2 * delay);
    }),
  );
  expect(jitter(0, seededRandom(1))).toBe(0);
  expect(jitter(-5, seededRandom(1))).toBe(-5);
});

test('lost leases wait only from the fourth in a row on', () => {
  expect([1, 2, 3, 4, 5, 100].map(lostLeaseDelayMs)).toEqual([0, 0, 0, 30_000, 60_000, 600_000]);
  expect(linearBackoffMs(2)).toBe(60_000);
});
