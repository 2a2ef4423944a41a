import { silentLogger, systemClock, systemRandom } from '@kiln/base';
import type { Clock, Logger, Random } from '@kiln/base';
import type { Backoff } from './backoff.ts';
import { failureOf } from './failure.ts';
import type { Failure } from './failure.ts';
import type { Key } from './key.ts';
import { prefixOf } from './key.ts';
import type { ClaimPool, Finish, OwnedKey, Queue } from './queue.ts';
import type { ReconcileContext, Reconciler } from './reconciler.ts';
import { systemTimers } from './timers.ts';
import type { Timers } from './timers.ts';
import { actionFor } from './verdict.ts';
import type { Action, Judgement, Result } from './verdict.ts';
import type { Wakeups } from './wakeups.ts';

/** What happened to one attempt, for logs, metrics and the console. */
export interface DispatchEvent {
  readonly key: Key;
  readonly attemptId: string;
  readonly attempt: number;
  readonly action:
    | 'started'
    | 'completed'
    | 'requeued'
    | 'dropped'
    | 'dead-lettered'
    | 'released'
    | 'lost';
  readonly failure: Failure | undefined;
  readonly durationMs: number;
}

export interface DispatcherOptions {
  readonly queue: Queue;
  readonly reconcilers: readonly Reconciler[];
  /** Keys in progress at once for each named pool, counted over every dispatcher of the queue. */
  readonly pools?: Readonly<Record<string, number>>;
  /** Who claims, e.g. host and process. */
  readonly owner: string;
  /** Failures before a key is parked; default 5, 0 for no limit. */
  readonly attemptsMax?: number;
  readonly backoff?: Backoff;
  /** How thrown errors are judged; by default each may be retried. */
  readonly judge?: (error: unknown) => Judgement;
  readonly wakeups?: Wakeups;
  /** A pass at least this often, for keys that became eligible; default 1,000. */
  readonly pollMs?: number;
  /** How long reconciles may take to unwind on shutdown; default 3,000. */
  readonly drainMs?: number;
  readonly observe?: (event: DispatchEvent) => void;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A pass that has claimed; `settled` resolves when everything it started has ended. */
export interface Pass {
  readonly orphans: readonly Key[];
  readonly launched: readonly Key[];
  readonly settled: Promise<void>;
}

/** Together less than a lease, after which somebody else may own the key. */
const verdictTriesMax = 8;
const verdictRetryMs = 1_000;

/** Why a reconcile's signal fired on shutdown. */
export const drainingReason = 'draining';

/**
 * Runs reconcilers over a queue, stateless and in any number of copies: the claim keeps a key to one at a time and
 * a pool to its size. A pass puts orphans back, then claims as much as the pools allow. Verdicts are written
 * whether or not the dispatcher is being shut down; one that cannot be written leaves an orphan, and the key runs again.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #reconcilers: ReadonlyMap<string, Reconciler>;
  readonly #pools: readonly ClaimPool[];
  readonly #work = new Set<Promise<void>>();
  readonly #draining = new AbortController();
  readonly #abandon = new Set<() => void>();
  #wake: () => void = () => undefined;
  #woken = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#random = options.random ?? systemRandom;
    this.#logger = options.logger ?? silentLogger;
    this.#reconcilers = new Map(options.reconcilers.map((one) => [one.prefix, one]));
    this.#pools = poolsOf(options.reconcilers, options.pools ?? {});
  }

  /** Passes until the signal fires, then drains. Errors of the queue are logged, and the next pass tries again. */
  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#options.wakeups?.subscribe(() => this.#nudge());
    const stop = (): void => this.#nudge();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        this.#woken = false;
        await this.#passOrLog();
        if (!signal.aborted) await this.#wait();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      unsubscribe?.();
      await this.drain();
    }
  }

  /** One pass. Throws what the queue throws. */
  async pass(): Promise<Pass> {
    const { queue, owner } = this.#options;
    const orphans = await queue.recoverOrphans();
    for (const key of orphans) this.#logger.warn('lease lost, key queued again', { key });
    const limit = this.#pools.reduce((sum, pool) => sum + pool.concurrency, 0);
    const owned = this.#draining.signal.aborted
      ? []
      : await queue.claim({ owner, limit, pools: this.#pools });
    const work = owned.map((one) => this.#track(this.#reconcile(one)));
    return {
      orphans,
      launched: owned.map(({ key }) => key),
      settled: Promise.all(work).then(() => undefined),
    };
  }

  /**
   * Claims nothing more and aborts what runs. A reconcile that succeeds in time keeps its result; one that fails or
   * does not end in time is handed back at no cost to the key.
   */
  async drain(): Promise<void> {
    this.#draining.abort(drainingReason);
    const timer = this.#timers.after(this.#options.drainMs ?? 3_000, () => {
      for (const abandon of this.#abandon) abandon();
    });
    await Promise.all(this.#work);
    timer.cancel();
  }

  async #passOrLog(): Promise<void> {
    try {
      await this.pass();
    } catch (error) {
      this.#logger.warn('dispatch pass failed', { error: failureOf(error).message });
    }
  }

  #nudge(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Until something changed or the time for a look has come. */
  async #wait(): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      const timer = this.#timers.after(this.#options.pollMs ?? 1_000, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => {
      this.#work.delete(tracked);
      this.#nudge();
    });
    this.#work.add(tracked);
    return tracked;
  }

  async #reconcile(owned: OwnedKey): Promise<void> {
    this.#observe(owned, 'started', undefined);
    try {
      const result = await this.#callOrAbandon(owned);
      const action = this.#decide(result, owned);
      const finish = await this.#applyPatiently(action, owned);
      this.#report(action, finish, owned);
    } catch (error) {
      const { key, attemptId } = owned.record;
      this.#logger.warn('verdict not written, the key will run again', {
        key,
        attemptId,
        error: failureOf(error).message,
      });
      this.#observe(owned, 'lost', failureOf(error, 'lost'));
    }
  }

  async #call(owned: OwnedKey): Promise<Result> {
    const reconciler = this.#reconcilers.get(prefixOf(owned.key));
    if (reconciler === undefined) return { kind: 'threw', error: new Error('no reconciler') };
    try {
      return await reconciler.reconcile(owned.key, this.#context(owned));
    } catch (error) {
      return { kind: 'threw', error };
    }
  }

  /** The reconcile's result, or that it was given up because it did not end in time for the shutdown. */
  async #callOrAbandon(owned: OwnedKey): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<Result>();
    const abandon = (): void =>
      resolve({ kind: 'threw', error: new Error('did not end in time for the shutdown') });
    this.#abandon.add(abandon);
    try {
      return await Promise.race([this.#call(owned), promise]);
    } finally {
      this.#abandon.delete(abandon);
    }
  }

  #context(owned: OwnedKey): ReconcileContext {
    const { attemptId, attempts, priority, reason } = owned.record;
    return {
      signal: AbortSignal.any([owned.signal, this.#draining.signal]),
      attemptId,
      attempt: attempts,
      priority,
      reason,
      clock: this.#clock,
      logger: this.#logger,
      attachLog: (reference) => owned.attachLog(reference),
    };
  }

  #decide(result: Result, owned: OwnedKey): Action {
    const failed = result.kind === 'threw';
    // Neither a shutdown nor a lease that was lost, or was taken for lost, is the key's failure.
    if (failed && (this.#draining.signal.aborted || owned.signal.aborted)) {
      return { kind: 'requeue', how: { kind: 'release' }, failure: undefined };
    }
    const { attemptsMax = 5, backoff, judge } = this.#options;
    return actionFor(result, owned.record, {
      attemptsMax,
      random: this.#random,
      ...(backoff === undefined ? {} : { backoff }),
      ...(judge === undefined ? {} : { judge }),
    });
  }

  /** A store that is away for a moment does not cost the work that was done: each step of a verdict may be repeated. */
  async #applyPatiently(action: Action, owned: OwnedKey): Promise<Finish> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#apply(action, owned);
      } catch (error) {
        if (tries >= verdictTriesMax) throw error;
        await new Promise<void>((resolve) => this.#timers.after(verdictRetryMs, resolve));
      }
    }
  }

  /** Keys that follow are durable before the key itself is completed. */
  async #apply(action: Action, owned: OwnedKey): Promise<Finish> {
    switch (action.kind) {
      case 'complete': {
        const failed = await this.#enqueueDerived(action, owned);
        if (failed !== undefined) return owned.requeue({ kind: 'plain' }, failed);
        const { outcome, failure } = action;
        return owned.complete(failure === undefined ? { outcome } : { outcome, failure });
      }
      case 'requeue':
        return owned.requeue(action.how, action.failure);
      case 'deadLetter':
        return owned.deadLetter(action.failure);
    }
  }

  async #enqueueDerived(
    { keys }: Extract<Action, { kind: 'complete' }>,
    owned: OwnedKey,
  ): Promise<Failure | undefined> {
    if (keys.length === 0) return undefined;
    try {
      await this.#options.queue.enqueue(keys, { reason: `follows ${owned.key}` });
      return undefined;
    } catch (error) {
      return failureOf(error, 'infrastructure');
    }
  }

  #report(action: Action, finish: Finish, owned: OwnedKey): void {
    if (finish === 'lost') return this.#observe(owned, 'lost', undefined);
    switch (action.kind) {
      case 'complete':
        return this.#observe(
          owned,
          action.outcome === 'dropped' ? 'dropped' : 'completed',
          action.failure,
        );
      case 'requeue':
        return this.#observe(
          owned,
          action.how.kind === 'release' ? 'released' : 'requeued',
          action.failure,
        );
      case 'deadLetter':
        return this.#observe(owned, 'dead-lettered', action.failure);
    }
  }

  #observe(owned: OwnedKey, action: DispatchEvent['action'], failure: Failure | undefined): void {
    const { key, attemptId, attempts: attempt, claimedAt } = owned.record;
    const durationMs = this.#clock.now() - claimedAt;
    this.#options.observe?.({ key, attemptId, attempt, action, failure, durationMs });
  }
}

/** Reconcilers that name a pool share it; the others have one of their own, named as their prefix. */
function poolsOf(
  reconcilers: readonly Reconciler[],
  sizes: Readonly<Record<string, number>>,
): readonly ClaimPool[] {
  const names = new Set(reconcilers.map((one) => one.pool ?? one.prefix));
  return [...names].map((name) => {
    const users = reconcilers.filter((one) => (one.pool ?? one.prefix) === name);
    const own = Math.max(...users.map(({ concurrency }) => concurrency ?? 1));
    return { name, prefixes: users.map(({ prefix }) => prefix), concurrency: sizes[name] ?? own };
  });
}
