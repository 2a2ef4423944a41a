import type { Clock } from '@kiln/base';
import type { Timer, Timers } from './timers.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void | Promise<void>;
}

/** A clock and timers that move only by hand: everything that waits can be tested without waiting. */
export class ManualTime implements Clock, Timers {
  #now: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(now = 1_800_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void | Promise<void>): Timer {
    const pending = { at: this.#now + Math.max(delayMs, 0), order: (this.#order += 1), callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** Moves on, running what falls due in its order; each callback ends before the next begins. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      await next.callback();
    }
    this.#now = until;
  }

  /** Moves the clock and runs nothing, as for a process that stands still. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #next(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const one of this.#pending) {
      const earlier =
        first === undefined ||
        one.at < first.at ||
        (one.at === first.at && one.order < first.order);
      if (one.at <= until && earlier) first = one;
    }
    return first;
  }
}
