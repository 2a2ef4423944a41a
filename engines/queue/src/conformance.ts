import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualTime } from './manual-time.ts';
import type { Failure } from './failure.ts';
import type { Key } from './key.ts';
import type { LeaseTimes } from './lease.ts';
import type { ClaimRequest, ListedState, OwnedKey, Queue } from './queue.ts';
import { seededRandom } from '@kiln/base';
import type { Random } from '@kiln/base';

/** What a queue under test is made with. */
export interface QueueUnderTest {
  readonly time: ManualTime;
  readonly random: Random;
  readonly times: LeaseTimes;
}

/** Storage under test: `open` gives one process's queue over it, with that process's clock. */
export interface QueueStorage extends AsyncDisposable {
  open(options: QueueUnderTest): Queue;
}

const times: LeaseTimes = { leaseMs: 10_000, heartbeatMs: 3_000, retryMs: 1_000 };
const second = 1_000;
const failure: Failure = { class: 'retriable', code: 'TEST', message: 'it broke', hint: 'mend it' };
const a: Key = 'thing:a';
const b: Key = 'thing:b';

/** The behaviour of every back end, with a clock that moves by hand. `makeStorage` gives empty storage. */
export function queueConformance(name: string, makeStorage: () => Promise<QueueStorage>): void {
  describe(`conformance of ${name}`, () => {
    const use = harness(makeStorage);
    orderCases(use);
    timeCases(use);
    attemptCases(use);
    leaseCases(use);
    poolCases(use);
    operatorCases(use);
  });
}

/** One process over the storage under test. */
interface Peer {
  readonly queue: Queue;
  readonly time: ManualTime;
  keys(state: ListedState): Promise<Key[]>;
  claim(limit?: number): Promise<readonly OwnedKey[]>;
  claimOne(): Promise<OwnedKey>;
}

type Use = () => Peer & { peer(random: number): Peer };

function harness(makeStorage: () => Promise<QueueStorage>): Use {
  let storage: QueueStorage;
  let first: Peer;
  beforeEach(async () => {
    storage = await makeStorage();
    first = peerOf(storage, new ManualTime(), 1);
  });
  afterEach(async () => storage[Symbol.asyncDispose]());
  return () => ({
    ...first,
    peer: (seed) => peerOf(storage, new ManualTime(first.time.now()), seed),
  });
}

function peerOf(storage: QueueStorage, time: ManualTime, seed: number): Peer {
  const queue = storage.open({ time, random: seededRandom(seed), times });
  const request: ClaimRequest = {
    owner: `owner-${seed}`,
    limit: 100,
    pools: [{ name: 'thing', prefixes: ['thing'], concurrency: 100 }],
  };
  const claim = (limit = 100): Promise<readonly OwnedKey[]> => queue.claim({ ...request, limit });
  return {
    queue,
    time,
    claim,
    keys: async (state) => (await queue.list({ state })).records.map(({ key }) => key),
    claimOne: async () => {
      const [owned] = await claim(1);
      if (owned === undefined) throw new Error('nothing to claim');
      return owned;
    },
  };
}

function orderCases(use: Use): void {
  test('C01 two keys list in the order of their enqueues', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([b]);
    time.jump(1);
    await queue.enqueue([a]);
    expect(await keys('eligible')).toEqual([b, a]);
  });

  test('C02 of 25 keys a page of 5 holds the 5 oldest, and the pages hold each key once', async () => {
    const { queue, time } = use();
    const all = Array.from({ length: 25 }, (_, n): Key => `thing:${(n * 7) % 25}`);
    for (const key of all) {
      await queue.enqueue([key]);
      time.jump(1);
    }
    const seen: Key[] = [];
    let page = await queue.list({ state: 'eligible', limit: 5 });
    for (;;) {
      seen.push(...page.records.map(({ key }) => key));
      if (page.next === undefined) break;
      page = await queue.list({ state: 'eligible', limit: 5, cursor: page.next });
    }
    expect(seen).toEqual(all);
  });

  test('C03 the same key twice lists once, in its place', async () => {
    const { queue, time, keys } = use();
    expect(await queue.enqueue([a])).toEqual({ added: 1, merged: 0 });
    time.jump(1);
    expect(await queue.enqueue([b, a, a])).toEqual({ added: 1, merged: 2 });
    expect(await keys('eligible')).toEqual([a, b]);
  });

  test('C04 a higher priority moves a key ahead; equal priorities restore the order of arrival', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([a]);
    time.jump(1);
    await queue.enqueue([b]);
    await queue.enqueue([b], { priority: 10 });
    expect(await keys('eligible')).toEqual([b, a]);
    await queue.enqueue([a], { priority: 10 });
    expect(await keys('eligible')).toEqual([a, b]);
    await queue.enqueue([b], { priority: 100 });
    expect(await keys('eligible')).toEqual([b, a]);
    await queue.enqueue([b], { priority: -5 });
    expect(await keys('eligible')).toEqual([b, a]);
  });

  test('C05 a claim moves the key to in progress; completing empties the queue and fires the signal', async () => {
    const { queue, claimOne, keys } = use();
    await queue.enqueue([a], { reason: 'recipe changed' });
    const owned = await claimOne();
    expect(owned.record.reason).toBe('recipe changed');
    expect(await keys('inProgress')).toEqual([a]);
    expect(await keys('eligible')).toEqual([]);
    expect(owned.signal.aborted).toBe(false);
    expect(await owned.complete()).toBe('finished');
    expect(owned.signal.aborted).toBe(true);
    expect(await queue.counts()).toEqual({
      inProgress: 0,
      eligible: 0,
      waiting: 0,
      deadLettered: 0,
    });
  });

  test('C06 a plain requeue at priority 0 goes behind its peers', async () => {
    const { queue, time, claimOne, keys } = use();
    await queue.enqueue([a]);
    time.jump(1);
    await queue.enqueue([b]);
    const owned = await claimOne();
    time.jump(1);
    await owned.requeue({ kind: 'plain' });
    expect(await keys('eligible')).toEqual([b, a]);
  });

  test('C07 enqueueing a key in progress lists it in both states, and it is not claimed twice at once', async () => {
    const { queue, claimOne, claim, keys } = use();
    await queue.enqueue([a]);
    const owned = await claimOne();
    await queue.enqueue([a]);
    expect(await keys('inProgress')).toEqual([a]);
    expect(await keys('eligible')).toEqual([a]);
    expect(await claim()).toEqual([]);
    await owned.complete();
    expect((await claimOne()).key).toBe(a);
  });

  test('keys in progress at the head do not hide eligible work behind them', async () => {
    const { queue, claim, claimOne } = use();
    await queue.enqueue(['thing:1', 'thing:2', 'thing:3'], { priority: 9 });
    await claim(3);
    await queue.enqueue(['thing:1', 'thing:2', 'thing:3'], { priority: 9 });
    await queue.enqueue([a]);
    expect((await claimOne()).key).toBe(a);
  });

  test('a priority that survived a requeue still wins a merge it should win', async () => {
    const { queue, claimOne } = use();
    await queue.enqueue([a], { priority: 100 });
    const owned = await claimOne();
    await owned.requeue({ kind: 'revisit', delayMs: 5 });
    await queue.enqueue([a], { priority: 20 });
    expect((await queue.get(a))?.queued?.priority).toBe(100);
  });

  test('malformed keys and priorities are refused and leave nothing behind', async () => {
    const { queue } = use();
    for (const key of [
      '',
      'thing',
      ':a',
      'thing:',
      'Thing:a',
      'thing:\0',
      `thing:${'x'.repeat(600)}`,
    ]) {
      await expect(queue.enqueue([b, key as Key])).rejects.toMatchObject({
        code: 'QUEUE_KEY_INVALID',
      });
    }
    await expect(queue.enqueue([a], { priority: 0.5 })).rejects.toMatchObject({
      code: 'QUEUE_PRIORITY_INVALID',
    });
    expect((await queue.counts()).eligible).toBe(0);
  });

  test('keys sort bytewise among equals, whatever their script', async () => {
    const { queue, keys } = use();
    const sorted: Key[] = ['thing:A', 'thing:_', 'thing:a', 'thing:é', 'thing:\uffee', 'thing:😀'];
    await queue.enqueue([...sorted].reverse());
    expect(await keys('eligible')).toEqual(sorted);
  });
}

function timeCases(use: Use): void {
  test('C08 a plain requeue of urgent work waits, then lists ahead of background work', async () => {
    const { queue, time, claimOne, keys } = use();
    await queue.enqueue([a], { priority: 5 });
    await queue.enqueue([b]);
    await (await claimOne()).requeue({ kind: 'plain' });
    expect(await keys('eligible')).toEqual([b]);
    expect(await keys('waiting')).toEqual([a]);
    time.jump(30 * second);
    expect(await keys('eligible')).toEqual([a, b]);
  });

  test('C09 a later time given by a second enqueue does not hide a key again', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([a], { notBefore: time.now() + 60 * second });
    expect(await keys('eligible')).toEqual([]);
    expect(await queue.nextEligibleAt()).toBe(time.now() + 60 * second);
    time.jump(60 * second);
    await queue.enqueue([a], { notBefore: time.now() + 60 * second });
    expect(await keys('eligible')).toEqual([a]);
  });

  test('C10 a key due later with a higher priority jumps ahead at its time', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([a]);
    await queue.enqueue([b], { priority: 7, notBefore: time.now() + second });
    expect(await keys('eligible')).toEqual([a]);
    time.jump(second);
    expect(await keys('eligible')).toEqual([b, a]);
  });

  test('C11 of a long and a short wait the short one holds', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([a], { notBefore: time.now() + 3600 * second });
    await queue.enqueue([a], { notBefore: time.now() + 10 * second });
    time.jump(10 * second);
    expect(await keys('eligible')).toEqual([a]);
  });

  test('C12 a floored requeue is not undercut by an enqueue, and afterwards there is one entry', async () => {
    const { queue, time, claimOne, keys } = use();
    await queue.enqueue([a]);
    await (await claimOne()).requeue({ kind: 'revisit', delayMs: 120 * second, floor: true });
    await queue.enqueue([a], { priority: 100 });
    expect(await keys('eligible')).toEqual([]);
    time.jump(120 * second);
    expect(await keys('eligible')).toEqual([a]);
    expect((await claimOne()).record.priority).toBe(100);
    expect(await queue.counts()).toMatchObject({ eligible: 0, waiting: 0 });
  });

  test('C13 a floored enqueue holds likewise, and C14 of two floors the later', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([a], { notBefore: time.now() + 10 * second, floor: true });
    await queue.enqueue([a]);
    expect(await keys('eligible')).toEqual([]);
    await queue.enqueue([a], { notBefore: time.now() + 20 * second, floor: true });
    time.jump(10 * second);
    expect(await keys('eligible')).toEqual([]);
    time.jump(10 * second);
    expect(await keys('eligible')).toEqual([a]);
  });

  test('a floor set on a key that was eligible already hides it', async () => {
    const { queue, time, claim, keys } = use();
    await queue.enqueue([a]);
    expect(await keys('eligible')).toEqual([a]);
    await queue.enqueue([a], { notBefore: time.now() + second, floor: true });
    expect(await keys('eligible')).toEqual([]);
    expect(await claim()).toEqual([]);
    time.jump(second);
    expect(await keys('eligible')).toEqual([a]);
  });

  test('C15 a later requeue without a floor clears the floor', async () => {
    const { queue, time, claimOne, keys } = use();
    await queue.enqueue([a], { notBefore: time.now() + second, floor: true });
    time.jump(second);
    await (await claimOne()).requeue({ kind: 'revisit', delayMs: 60 * second });
    expect(await keys('eligible')).toEqual([]);
    await queue.enqueue([a]);
    expect(await keys('eligible')).toEqual([a]);
  });

  test('C16 an incoming floor replaces a time without floor even when earlier', async () => {
    const { queue, time, keys } = use();
    await queue.enqueue([a], { notBefore: time.now() + 3600 * second });
    await queue.enqueue([a], { notBefore: time.now() + 5 * second, floor: true });
    await queue.enqueue([a]);
    expect(await keys('eligible')).toEqual([]);
    time.jump(5 * second);
    expect(await keys('eligible')).toEqual([a]);
  });

  test('C17 a floored requeue replaces the far time of a twin', async () => {
    const { queue, time, claimOne, keys } = use();
    await queue.enqueue([a]);
    const owned = await claimOne();
    await queue.enqueue([a], { notBefore: time.now() + 3600 * second });
    await owned.requeue({ kind: 'revisit', delayMs: 5 * second, floor: true });
    time.jump(5 * second);
    expect(await keys('eligible')).toEqual([a]);
  });

  test('C18 plain requeues of urgent work wait 30 s more each time, at most ten minutes', async () => {
    const { queue, time, claimOne } = use();
    await queue.enqueue([a], { priority: 1 });
    for (let attempt = 1; attempt <= 22; attempt += 1) {
      await (await claimOne()).requeue({ kind: 'plain' });
      const waitMs = Math.min(attempt * 30, 600) * second;
      expect(await queue.nextEligibleAt()).toBe(time.now() + waitMs);
      time.jump(waitMs);
    }
  });

  test('C19 get follows a key through its life', async () => {
    const { queue, time, claimOne } = use();
    const start = time.now();
    expect(await queue.get(a)).toBeUndefined();
    await queue.enqueue([a], { priority: 3, reason: 'why' });
    expect(await queue.get(a)).toMatchObject({
      status: 'queued',
      queued: { priority: 3, createdAt: start, eligibleSince: start, attempts: 0, reason: 'why' },
    });
    time.jump(second);
    const owned = await claimOne();
    expect(await queue.get(a)).toMatchObject({
      status: 'inProgress',
      queued: undefined,
      inProgress: {
        attempts: 1,
        owner: 'owner-1',
        claimedAt: start + second,
        firstEnqueuedAt: start,
      },
    });
    await owned.complete();
    expect(await queue.get(a)).toBeUndefined();
  });

  test('C20 in both states get says in progress, and the twin outlives completion', async () => {
    const { queue, claimOne } = use();
    await queue.enqueue([a]);
    const owned = await claimOne();
    await queue.enqueue([a]);
    expect((await queue.get(a))?.status).toBe('inProgress');
    await owned.complete();
    expect((await queue.get(a))?.status).toBe('queued');
    expect((await claimOne()).record.attempts).toBe(1);
  });
}

function attemptCases(use: Use): void {
  test('C21 C23 C24 failures defer the key and keep counting', async () => {
    const { queue, time, claimOne, claim } = use();
    await queue.enqueue([a]);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const owned = await claimOne();
      expect(owned.record.attempts).toBe(attempt);
      await owned.requeue({ kind: 'backoff', delayMs: 30 * second }, failure);
      expect(await claim()).toEqual([]);
      expect((await queue.get(a))?.queued).toMatchObject({
        lastError: failure,
        lastOutcome: 'failed',
        lastDurationMs: 0,
        lastAttemptedAt: time.now(),
      });
      time.jump(30 * second);
    }
  });

  test('C22 a dead letter leaves the other sets, keeps its reason, and a later success removes it', async () => {
    const { queue, time, claimOne, claim, keys } = use();
    await queue.enqueue([a], { priority: 4 });
    await (await claimOne()).deadLetter(failure);
    expect(await claim()).toEqual([]);
    expect(await keys('deadLettered')).toEqual([a]);
    expect(await queue.get(a)).toMatchObject({
      status: 'deadLettered',
      deadLettered: { attempts: 1, priority: 4, failedAt: time.now(), lastError: failure },
    });
    await queue.enqueue([a]);
    const again = await claimOne();
    expect(again.record.attempts).toBe(1);
    expect(await keys('deadLettered')).toEqual([a]);
    await again.complete();
    expect(await keys('deadLettered')).toEqual([]);
  });

  test('C25 a revisit starts the count from 0 and clears the error', async () => {
    const { queue, time, claimOne } = use();
    await queue.enqueue([a]);
    await (await claimOne()).requeue({ kind: 'backoff', delayMs: 1 }, failure);
    time.jump(1);
    await (await claimOne()).requeue({ kind: 'revisit', delayMs: 1, reason: 'polling' });
    expect((await queue.get(a))?.queued).toMatchObject({
      attempts: 0,
      lastError: undefined,
      reason: 'polling',
    });
    time.jump(1);
    expect((await claimOne()).record.attempts).toBe(1);
  });

  test('a failing key that is enqueued all the time still counts up', async () => {
    const { queue, time, claimOne } = use();
    await queue.enqueue([a]);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const owned = await claimOne();
      expect(owned.record.attempts).toBe(attempt);
      await queue.enqueue([a]);
      await owned.requeue({ kind: 'backoff', delayMs: 60 * second }, failure);
      time.jump(1);
    }
  });

  test('a release gives the attempt and the place back', async () => {
    const { queue, time, claimOne, keys } = use();
    await queue.enqueue([a]);
    time.jump(1);
    await queue.enqueue([b]);
    const owned = await claimOne();
    time.jump(second);
    await owned.requeue({ kind: 'release' });
    expect(await keys('eligible')).toEqual([a, b]);
    expect((await claimOne()).record.attempts).toBe(1);
  });

  test('a handle that is disposed of without a verdict is requeued', async () => {
    const { queue, claimOne, keys } = use();
    await queue.enqueue([a]);
    {
      await using owned = await claimOne();
      expect(owned.key).toBe(a);
    }
    expect(await keys('eligible')).toEqual([a]);
  });

  test('the attempts of a key are remembered, the latest first, at most 50', async () => {
    const { queue, time, claimOne } = use();
    await queue.enqueue([a], { reason: 'first' });
    for (let n = 1; n <= 53; n += 1) {
      const owned = await claimOne();
      await owned.attachLog(`log-${n}`);
      time.jump(2);
      await owned.requeue({ kind: 'backoff', delayMs: 1 }, failure);
      time.jump(1);
    }
    const history = await queue.history(a);
    expect(history).toHaveLength(50);
    expect(history[0]).toMatchObject({
      attempt: 53,
      outcome: 'failed',
      error: failure,
      log: 'log-53',
    });
    expect(history[0]).toMatchObject({ owner: 'owner-1', reason: 'first' });
    expect((history[0]?.finishedAt ?? 0) - (history[0]?.startedAt ?? 0)).toBe(2);
    expect(history[49]?.attempt).toBe(4);
    expect(await queue.recentAttempts({ keyPrefix: 'thing:', limit: 2 })).toEqual(
      history.slice(0, 2),
    );
  });
}

function leaseCases(use: Use): void {
  test('L01 the heartbeat extends the lease, for as long as it beats', async () => {
    const { queue, time, claimOne } = use();
    await queue.enqueue([a]);
    const owned = await claimOne();
    await time.advance(60 * second);
    expect(await queue.recoverOrphans()).toEqual([]);
    expect((await queue.get(a))?.inProgress?.leaseExpiresAt).toBeGreaterThan(time.now());
    expect(owned.signal.aborted).toBe(false);
    expect(await owned.complete()).toBe('finished');
  });

  test('L02 L07 a frozen worker that lost its key learns so, and leaves the new owner alone', async () => {
    const { queue, time, claimOne, peer } = use();
    await queue.enqueue([a]);
    const frozen = await claimOne();
    const other = peer(2);
    await other.time.advance(10 * second);
    expect(await other.queue.recoverOrphans()).toEqual([a]);
    const taken = await other.claimOne();
    expect(taken.record).toMatchObject({ attempts: 2, leasesLost: 1, owner: 'owner-2' });
    await time.advance(3 * second);
    expect(frozen.signal.aborted).toBe(true);
    expect(await frozen.complete()).toBe('lost');
    expect(await frozen.requeue({ kind: 'plain' })).toBe('lost');
    expect(await frozen.deadLetter(failure)).toBe('lost');
    expect((await queue.get(a))?.inProgress?.owner).toBe('owner-2');
    expect(await taken.complete()).toBe('finished');
    const outcomes = (await queue.history(a)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['done', 'lost']);
  });

  test('L03 a record that is gone fires the signal at the next heartbeat', async () => {
    const { queue, time, claimOne, peer } = use();
    await queue.enqueue([a]);
    const frozen = await claimOne();
    const other = peer(2);
    other.time.jump(11 * second);
    await other.queue.recoverOrphans();
    await (await other.claimOne()).complete();
    await time.advance(3 * second);
    expect(frozen.signal.reason).toBe('lost');
  });

  test('L08 a lease that was renewed since is no orphan', async () => {
    const { queue, time, claimOne, peer } = use();
    await queue.enqueue([a]);
    const owned = await claimOne();
    await time.advance(9 * second);
    const other = peer(2);
    other.time.jump(2 * second);
    expect(await other.queue.recoverOrphans()).toEqual([]);
    expect(owned.signal.aborted).toBe(false);
  });

  test('L10 an enqueue that merged into the queue while a key was lost stays', async () => {
    const { queue, claimOne, peer, keys } = use();
    await queue.enqueue([a]);
    await claimOne();
    await queue.enqueue([a], { priority: 50 });
    const other = peer(2);
    other.time.jump(11 * second);
    await other.queue.recoverOrphans();
    expect(await keys('inProgress')).toEqual([]);
    expect((await queue.get(a))?.queued).toMatchObject({
      priority: 50,
      attempts: 1,
      leasesLost: 1,
    });
  });

  test('L11 the owner is recorded at the claim and replaced at the next', async () => {
    const { queue, claimOne, peer } = use();
    await queue.enqueue([a]);
    await (await claimOne()).requeue({ kind: 'plain' });
    const other = peer(2);
    expect((await other.claimOne()).record.owner).toBe('owner-2');
    expect((await queue.get(a))?.inProgress?.owner).toBe('owner-2');
  });

  test('a lost lease costs no wait at first, and a key that kills every worker is parked in the end', async () => {
    const { queue, time, claim, keys } = use();
    await queue.enqueue([a], { priority: 9 });
    const claimedAt: number[] = [];
    for (let step = 0; step < 2_000 && (await keys('deadLettered')).length === 0; step += 1) {
      if ((await claim()).length > 0) claimedAt.push(step);
      time.jump(60 * second);
      await queue.recoverOrphans();
    }
    expect(claimedAt.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(claimedAt).toHaveLength(20);
    expect((await queue.get(a))?.deadLettered?.lastError?.code).toBe('QUEUE_LEASE_LOST');
  });

  test('U01 a second process sees what the first enqueued, and only one of them gets it', async () => {
    const { queue, claim, peer } = use();
    await queue.enqueue([a, b, 'thing:c', 'thing:d']);
    const other = peer(2);
    const claims = await Promise.all([claim(3), other.claim(3), claim(3), other.claim(3)]);
    const keys = claims.flat().map(({ key }) => key);
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(4);
  });
}

function poolCases(use: Use): void {
  test('a pool is never overfilled, even by claims at the same moment', async () => {
    const { queue, peer } = use();
    const all = Array.from({ length: 40 }, (_, n): Key => `build:${n}`);
    await queue.enqueue([...all, 'scan:1', 'scan:2']);
    const pools = [
      { name: 'heavy', prefixes: ['build'], concurrency: 3 },
      { name: 'light', prefixes: ['scan', 'index'], concurrency: 10 },
    ];
    const peers = [queue, peer(2).queue, peer(3).queue, peer(4).queue];
    const claims = await Promise.all(
      peers.map((one) => one.claim({ owner: 'x', limit: 50, pools })),
    );
    const heavy = claims.flat().filter(({ record }) => record.pool === 'heavy');
    expect(heavy).toHaveLength(3);
    expect(claims.flat().filter(({ record }) => record.pool === 'light')).toHaveLength(2);
    await heavy[0]?.complete();
    expect(await queue.claim({ owner: 'x', limit: 50, pools })).toHaveLength(1);
  });

  test('the most urgent keys of all pools come first when the claim is limited', async () => {
    const { queue } = use();
    await queue.enqueue(['build:1', 'build:2']);
    await queue.enqueue(['scan:1'], { priority: 5 });
    const pools = [
      { name: 'heavy', prefixes: ['build'], concurrency: 2 },
      { name: 'light', prefixes: ['scan'], concurrency: 2 },
    ];
    const owned = await queue.claim({ owner: 'x', limit: 2, pools });
    expect(owned.map(({ key }) => key)).toEqual(['scan:1', 'build:1']);
  });

  test('keys of a prefix that no pool names are left alone', async () => {
    const { queue, claim, keys } = use();
    await queue.enqueue(['other:1']);
    expect(await claim()).toEqual([]);
    expect(await keys('eligible')).toEqual(['other:1']);
  });
}

function operatorCases(use: Use): void {
  test('listings filter by the start of the key and by priority', async () => {
    const { queue } = use();
    await queue.enqueue(['thing:x%y', 'thing:x_y', 'thing:xay', 'other:x'], { priority: 1 });
    await queue.enqueue(['thing:x_y'], { priority: 2 });
    const list = async (query: { keyPrefix?: string; priorityMin?: number }): Promise<Key[]> =>
      (await queue.list({ state: 'eligible', ...query })).records.map(({ key }) => key);
    expect(await list({ keyPrefix: 'thing:x_' })).toEqual(['thing:x_y']);
    expect(await list({ keyPrefix: 'thing:x%' })).toEqual(['thing:x%y']);
    expect(await list({ keyPrefix: 'other:' })).toEqual(['other:x']);
    expect(await list({ priorityMin: 2 })).toEqual(['thing:x_y']);
  });

  test('a foreign cursor is refused', async () => {
    const { queue } = use();
    for (const cursor of ['', 'zzz', 'W10', Buffer.from('[1,"a"]').toString('base64url')]) {
      await expect(queue.list({ state: 'eligible', cursor })).rejects.toMatchObject({
        code: 'QUEUE_CURSOR_INVALID',
      });
    }
  });

  test('retry enqueues dead letters with their priority and fresh attempts, and leaves them until they heal', async () => {
    const { queue, claimOne, keys } = use();
    await queue.enqueue([a], { priority: 6 });
    await (await claimOne()).deadLetter(failure);
    await queue.enqueue([b]);
    await (await claimOne()).deadLetter(failure);
    expect(await queue.retry(['thing:absent', a])).toEqual([a]);
    expect((await queue.get(a))?.queued).toMatchObject({ priority: 6, attempts: 0 });
    expect(await keys('deadLettered')).toEqual([a, b]);
    await (await claimOne()).complete();
    expect(await keys('deadLettered')).toEqual([b]);
    expect(await queue.retry()).toEqual([b]);
  });
}
