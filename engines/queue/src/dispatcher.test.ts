import { KilnError, seededRandom } from '@kiln/base';
import { expect, test } from 'vitest';
import { Dispatcher } from './dispatcher.ts';
import type { DispatchEvent, DispatcherOptions } from './dispatcher.ts';
import type { Key } from './key.ts';
import { ManualTime } from './manual-time.ts';
import { MemoryQueue, MemoryStore } from './memory.ts';
import { done, nonRetriable, queueKeys, requeueAfter, requeueNotBefore } from './outcome.ts';
import type { Queue } from './queue.ts';
import type { ReconcileContext, Reconciler } from './reconciler.ts';

const a: Key = 'thing:a';

interface Rig {
  readonly time: ManualTime;
  readonly queue: Queue;
  readonly store: MemoryStore;
  readonly events: DispatchEvent[];
  readonly dispatcher: Dispatcher;
  pass(): Promise<void>;
}

function rig(
  reconcile: Reconciler['reconcile'],
  options: Partial<DispatcherOptions> = {},
  wrap: (queue: Queue) => Queue = (queue) => queue,
): Rig {
  const time = new ManualTime();
  const store = new MemoryStore();
  const queue = wrap(
    new MemoryQueue({ store, clock: time, timers: time, random: seededRandom(1) }),
  );
  const events: DispatchEvent[] = [];
  const dispatcher = new Dispatcher({
    queue,
    owner: 'test',
    clock: time,
    timers: time,
    random: seededRandom(2),
    observe: (event) => events.push(event),
    reconcilers: [{ prefix: 'thing', concurrency: 4, reconcile }],
    ...options,
  });
  const pass = async (): Promise<void> => (await dispatcher.pass()).settled;
  return { time, queue, store, events, dispatcher, pass };
}

const actions = (events: readonly DispatchEvent[]): string[] =>
  events.map(({ action }) => action).filter((action) => action !== 'started');

test('D01 an error of the queue surfaces from the pass', async () => {
  const { dispatcher, queue } = rig(async () => done);
  queue.claim = async () => Promise.reject(new Error('store away'));
  await expect(dispatcher.pass()).rejects.toThrow('store away');
});

test('D02 orphans are put back and run at once, what is held is left alone', async () => {
  const { queue, time, pass, events } = rig(async () => done);
  await queue.enqueue([a]);
  await queue.claim({
    owner: 'x',
    limit: 1,
    pools: [{ name: 'x', prefixes: ['thing'], concurrency: 1 }],
  });
  await pass();
  expect(events).toEqual([]);
  time.jump(10_000);
  await pass();
  expect(actions(events)).toEqual(['completed']);
});

test('D03 D04 a pass launches as many as the pool has room for', async () => {
  const gate = Promise.withResolvers<undefined>();
  const { queue, dispatcher } = rig(async () => (await gate.promise) ?? done);
  await queue.enqueue(Array.from({ length: 9 }, (_, n): Key => `thing:${n}`));
  const first = await dispatcher.pass();
  expect(first.launched).toHaveLength(4);
  expect((await dispatcher.pass()).launched).toEqual([]);
  gate.resolve(undefined);
  await first.settled;
  expect((await dispatcher.pass()).launched).toHaveLength(4);
});

test('D05 a failure is requeued within its backoff and keeps the error', async () => {
  const { queue, time, pass, events } = rig(async () => {
    throw new KilnError('BUILD_FAILED', 'compiler said no', { hint: 'see the log' });
  });
  await queue.enqueue([a]);
  await pass();
  const queued = (await queue.get(a))?.queued;
  expect(queued?.lastError).toEqual({
    class: 'retriable',
    code: 'BUILD_FAILED',
    message: 'compiler said no',
    hint: 'see the log',
  });
  const waitMs = (queued?.eligibleSince ?? 0) - time.now();
  expect(waitMs).toBeGreaterThanOrEqual(30_000);
  expect(waitMs).toBeLessThanOrEqual(45_000);
  expect(actions(events)).toEqual(['requeued']);
});

test('D07 the fifth failure parks the key; lost leases before it do not count', async () => {
  const { queue, time, pass, events } = rig(async () => Promise.reject(new Error('no')));
  await queue.enqueue([a]);
  for (let lost = 0; lost < 3; lost += 1) {
    await queue.claim({
      owner: 'x',
      limit: 1,
      pools: [{ name: 'x', prefixes: ['thing'], concurrency: 1 }],
    });
    time.jump(10_000);
    await queue.recoverOrphans();
  }
  for (let failures = 0; failures < 5; failures += 1) {
    await pass();
    time.jump(900_000);
  }
  expect(actions(events)).toEqual([
    'requeued',
    'requeued',
    'requeued',
    'requeued',
    'dead-lettered',
  ]);
  expect((await queue.get(a))?.deadLettered).toMatchObject({ attempts: 8, leasesLost: 3 });
});

test('D08 what cannot be retried is dropped even on the last attempt, or parked at once if asked', async () => {
  const parked = rig(async () => nonRetriable(new Error('bad recipe'), { park: true }));
  await parked.queue.enqueue([a]);
  await parked.pass();
  expect((await parked.queue.get(a))?.deadLettered?.lastError?.class).toBe('nonRetriable');
  const dropped = rig(async () => nonRetriable(new Error('malformed')), { attemptsMax: 1 });
  await dropped.queue.enqueue([a]);
  await dropped.pass();
  expect(await dropped.queue.get(a)).toBeUndefined();
  expect(actions(dropped.events)).toEqual(['dropped']);
  expect((await dropped.queue.history(a))[0]).toMatchObject({
    outcome: 'dropped',
    error: { message: 'malformed' },
  });
});

test('D10 keys that follow are queued before the key completes, also the key itself', async () => {
  const { queue, pass } = rig(async () =>
    queueKeys([{ key: 'thing:b', priority: 7, reason: 'bytes changed' }, a]),
  );
  await queue.enqueue([a]);
  await pass();
  expect((await queue.get('thing:b'))?.queued).toMatchObject({
    priority: 7,
    reason: 'bytes changed',
  });
  expect((await queue.get(a))?.queued).toMatchObject({ reason: 'follows thing:a' });
});

test('D10 when a key that follows cannot be queued, the present key is put back', async () => {
  const { queue, pass } = rig(async () => queueKeys(['broken' as Key]));
  await queue.enqueue([a]);
  await pass();
  expect((await queue.get(a))?.queued?.lastError).toMatchObject({
    class: 'infrastructure',
    code: 'QUEUE_KEY_INVALID',
  });
});

test('D11 a hook judges what is thrown', async () => {
  const { queue, pass } = rig(async () => Promise.reject(new Error('no')), { judge: () => 'park' });
  await queue.enqueue([a]);
  await pass();
  expect((await queue.get(a))?.status).toBe('deadLettered');
});

test('D11 failures of what is around the key are tried again for ever and soon', async () => {
  const { queue, time, pass } = rig(async () => Promise.reject(new Error('away')), {
    judge: () => 'infrastructure',
    attemptsMax: 2,
    backoff: { baseMs: 1_000, maxMs: 60_000 },
  });
  await queue.enqueue([a]);
  for (let tries = 0; tries < 5; tries += 1) {
    await pass();
    expect((await queue.get(a))?.queued).toMatchObject({
      attempts: 0,
      lastError: { class: 'infrastructure', message: 'away' },
    });
    time.jump(1_500);
  }
});

test('D12 floors are clamped to an hour, plain delays are not, and none becomes a success', async () => {
  const outcomes = [requeueNotBefore(1e9), requeueAfter(1e9), requeueAfter(0.2)];
  const { queue, time, pass } = rig(async () => outcomes.shift() ?? done);
  for (const waitMs of [3_600_000, 1e9, 1]) {
    await queue.enqueue([a]);
    await pass();
    const queued = (await queue.get(a))?.queued;
    expect((queued?.eligibleSince ?? 0) - time.now()).toBe(waitMs);
    time.jump(waitMs);
  }
});

test('D09 X01 on shutdown failures and stragglers are handed back for free, successes are kept', async () => {
  const seen: unknown[] = [];
  const reconcile = async (key: Key, { signal }: ReconcileContext): Promise<typeof done> => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    seen.push(signal.reason);
    if (key === 'thing:fails') throw new Error('interrupted');
    if (key === 'thing:hangs') await new Promise<never>(() => undefined);
    return done;
  };
  const { queue, time, dispatcher, events } = rig(reconcile);
  await queue.enqueue(['thing:fails', 'thing:hangs', 'thing:ends']);
  await dispatcher.pass();
  const drained = dispatcher.drain();
  await time.advance(3_000);
  await drained;
  expect(seen).toEqual(['draining', 'draining', 'draining']);
  expect(actions(events).sort()).toEqual(['completed', 'released', 'released']);
  expect((await queue.get('thing:hangs'))?.queued?.attempts).toBe(0);
  expect((await queue.get('thing:fails'))?.queued?.attempts).toBe(0);
  expect(await queue.get('thing:ends')).toBeUndefined();
  expect((await dispatcher.pass()).launched).toEqual([]);
});

test('a run wakes up by itself for new keys and ends when told', async () => {
  const seen: Key[] = [];
  const stop = new AbortController();
  const store = new MemoryStore();
  const time = new ManualTime();
  const queue = new MemoryQueue({ store, clock: time, timers: time });
  const dispatcher = new Dispatcher({
    queue,
    owner: 'test',
    clock: time,
    timers: time,
    wakeups: store.wakeups,
    reconcilers: [
      {
        prefix: 'thing',
        reconcile: async (key) => {
          seen.push(key);
          if (seen.length === 3) stop.abort();
          return seen.length === 1 ? queueKeys(['thing:b']) : done;
        },
      },
    ],
  });
  const run = dispatcher.run(stop.signal);
  await queue.enqueue([a]);
  await queue.enqueue(['thing:c']);
  await run;
  expect(seen.toSorted()).toEqual(['thing:a', 'thing:b', 'thing:c']);
});

test('a store that is away for a moment does not cost the work that was done', async () => {
  let runs = 0;
  const { queue, time, store, dispatcher, events } = rig(async () => {
    runs += 1;
    return queueKeys(['thing:b']);
  });
  await queue.enqueue([a]);
  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = async () => Promise.reject(new Error('store away'));
  const get = store.inProgress.get.bind(store.inProgress);
  store.inProgress.get = () => {
    throw new Error('store away');
  };
  const { settled } = await dispatcher.pass();
  await time.advance(2_500);
  queue.enqueue = enqueue;
  store.inProgress.get = get;
  for (let waited = 0; waited < 3; waited += 1) await time.advance(1_000);
  await settled;
  expect(runs).toBe(1);
  expect(actions(events)).toEqual(['completed']);
  expect((await queue.get('thing:b'))?.status).toBe('queued');
});
