import { seededRandom } from '@kiln/base';
import type { Random } from '@kiln/base';
import { expect, test } from 'vitest';
import type { Key } from './key.ts';
import { ManualTime } from './manual-time.ts';
import { MemoryQueue, MemoryStore } from './memory.ts';
import type { OwnedKey } from './queue.ts';

/*
 * A factory of several workers over one store, driven by a seed: enqueues are duplicated and reordered, workers crash or
 * freeze between any two steps, verdicts arrive late. Each key has a wanted and a made version; a reconcile copies
 * the version it read when it began. In the end every made version must be the wanted one, and no two live
 * leases of one key may ever have existed at once.
 */

const keys = Array.from({ length: 12 }, (_, n): Key => `thing:${n}`);
const pools = [{ name: 'thing', prefixes: ['thing'], concurrency: 4 }];

interface Job {
  readonly owned: OwnedKey;
  readonly read: number;
}

interface Worker {
  time: ManualTime;
  queue: MemoryQueue;
  jobs: Job[];
}

class Simulation {
  readonly random: Random;
  readonly store = new MemoryStore();
  readonly wanted = new Map<Key, number>(keys.map((key) => [key, 0]));
  readonly made = new Map<Key, number>(keys.map((key) => [key, 0]));
  readonly workers: Worker[];
  now = 1_000_000;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.workers = [0, 1, 2].map(() => this.worker());
  }

  worker(): Worker {
    const time = new ManualTime(this.now);
    const queue = new MemoryQueue({
      store: this.store,
      clock: time,
      timers: time,
      random: this.random,
    });
    return { time, queue, jobs: [] };
  }

  pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.random.next() * values.length)];
    if (value === undefined) throw new Error('nothing to pick');
    return value;
  }

  /** Wants a new version, and tells so once, twice, or with a delay, at any priority. */
  async change(worker: Worker): Promise<void> {
    const key = this.pick(keys);
    this.wanted.set(key, (this.wanted.get(key) ?? 0) + 1);
    const notBefore = this.now + this.pick([0, 0, 5_000]);
    const times = this.pick([1, 2]);
    for (let n = 0; n < times; n += 1) {
      await worker.queue.enqueue([key], { priority: this.pick([0, 10, 100]), notBefore });
    }
  }

  async claim(worker: Worker): Promise<void> {
    await worker.queue.recoverOrphans();
    const owned = await worker.queue.claim({ owner: 'w', limit: 2, pools });
    worker.jobs.push(...owned.map((one) => ({ owned: one, read: this.wanted.get(one.key) ?? 0 })));
    const held = this.workers.flatMap(({ jobs }) => jobs).filter((job) => this.holds(job));
    const distinct = new Set(held.map((job) => job.owned.key)).size;
    if (distinct !== held.length) throw new Error('a key has two owners');
    if (held.length > 4) throw new Error('the pool is overfilled');
  }

  holds({ owned }: Job): boolean {
    return this.store.inProgress.get(owned.key)?.attemptId === owned.record.attemptId;
  }

  /** The work is idempotent and may be overtaken: an older version never replaces a newer one. */
  async finish(worker: Worker): Promise<void> {
    const job = worker.jobs.splice(Math.floor(this.random.next() * worker.jobs.length), 1)[0];
    if (job === undefined) return;
    const { owned, read } = job;
    const how = this.pick([
      'done',
      'done',
      'done',
      'fail',
      'revisit',
      'release',
      'crash-after-work',
    ] as const);
    if (how === 'done' || how === 'crash-after-work') {
      this.made.set(owned.key, Math.max(read, this.made.get(owned.key) ?? 0));
    }
    if (how === 'done') await owned.complete();
    if (how === 'fail') await owned.requeue({ kind: 'backoff', delayMs: 1_000 });
    if (how === 'revisit') await owned.requeue({ kind: 'revisit', delayMs: 500, floor: true });
    if (how === 'release') await owned.requeue({ kind: 'release' });
    if (how === 'crash-after-work') this.crash(worker);
  }

  /** All of its memory is gone, its timers too; its records stay until their leases run out. */
  crash(worker: Worker): void {
    this.workers[this.workers.indexOf(worker)] = this.worker();
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const { time } of this.workers) {
      const frozen = this.random.next() < 0.1;
      if (frozen) time.jump(this.now - time.now());
      else await time.advance(this.now - time.now());
    }
  }

  async step(): Promise<void> {
    const worker = this.pick(this.workers);
    const what = this.pick([
      'change',
      'claim',
      'claim',
      'finish',
      'finish',
      'crash',
      'time',
      'time',
    ] as const);
    if (what === 'change') await this.change(worker);
    if (what === 'claim') await this.claim(worker);
    if (what === 'finish') await this.finish(worker);
    if (what === 'crash' && this.random.next() < 0.3) this.crash(worker);
    if (what === 'time') await this.pass(this.pick([10, 500, 4_000, 11_000]));
  }

  /** No more changes and no more crashes: everything that is queued gets done. */
  async settle(): Promise<void> {
    const worker = this.worker();
    this.workers.splice(0, this.workers.length, worker);
    for (let round = 0; round < 300; round += 1) {
      this.now += 60_000;
      await worker.time.advance(60_000);
      await this.claim(worker);
      for (const { owned, read } of worker.jobs.splice(0)) {
        this.made.set(owned.key, Math.max(read, this.made.get(owned.key) ?? 0));
        await owned.complete();
      }
    }
  }
}

const seeds = Array.from({ length: 150 }, (_, n) => n + Number(process.env['KILN_SEED'] ?? 1));

test.each(seeds)('with seed %i nothing is lost and no key has two owners', async (seed) => {
  const simulation = new Simulation(seed);
  for (let step = 0; step < 300; step += 1) await simulation.step();
  await simulation.settle();
  expect(simulation.store.queued.size).toBe(0);
  expect(simulation.store.inProgress.size).toBe(0);
  expect(Object.fromEntries(simulation.made)).toEqual(Object.fromEntries(simulation.wanted));
});
