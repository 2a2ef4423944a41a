import { expect, test } from 'vitest';
import { Lease } from './lease.ts';
import { ManualTime } from './manual-time.ts';

const times = { leaseMs: 10_000, heartbeatMs: 3_000, retryMs: 1_000 };

function leaseWith(renew: (at: number) => Promise<'renewed' | 'lost'>): {
  lease: Lease;
  time: ManualTime;
} {
  const time = new ManualTime(0);
  return { time, lease: new Lease({ times, clock: time, timers: time, expiresAt: 10_000, renew }) };
}

test('L04 errors of the store are retried and ownership is kept', async () => {
  let calls = 0;
  const { lease, time } = leaseWith(async () => {
    calls += 1;
    if (calls <= 5) throw new Error('store away');
    return 'renewed';
  });
  await time.advance(60_000);
  expect(lease.signal.aborted).toBe(false);
});

test('L05 retries stop before the lease lapses', async () => {
  let lastTry = 0;
  const { lease, time } = leaseWith(async () => {
    lastTry = time.now();
    throw new Error('store away');
  });
  await time.advance(60_000);
  expect(lease.signal.reason).toBe('lost');
  expect(lastTry).toBeLessThan(10_000);
});

test('L06 a renewal whose reply was lost does not cancel the work', async () => {
  let stored = 10_000;
  let first = true;
  const { lease, time } = leaseWith(async (at) => {
    stored = at;
    if (!first) return 'renewed';
    first = false;
    throw new Error('reply lost');
  });
  await time.advance(9_000);
  expect(stored).toBeGreaterThan(10_000);
  expect(lease.signal.aborted).toBe(false);
});

test('L02 a definitive loss fires at once and ends renewal', async () => {
  let calls = 0;
  const { lease, time } = leaseWith(async () => {
    calls += 1;
    return 'lost';
  });
  await time.advance(60_000);
  expect(lease.signal.reason).toBe('lost');
  expect(calls).toBe(1);
});

test('stopping waits for a renewal in flight', async () => {
  const gate = Promise.withResolvers<'renewed'>();
  const { lease, time } = leaseWith(() => gate.promise);
  const advanced = time.advance(3_000);
  let stopped = false;
  const stop = lease.stop().then(() => (stopped = true));
  await Promise.resolve();
  expect(stopped).toBe(false);
  gate.resolve('renewed');
  await Promise.all([advanced, stop]);
  expect(lease.signal.reason).toBe('finished');
});
