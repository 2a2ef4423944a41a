import type { Clock } from '@kiln/base';
import type { Timer, Timers } from './timers.ts';

/** Lengths in milliseconds. */
export interface LeaseTimes {
  /** A claim holds this long without renewal. */
  readonly leaseMs: number;
  /** How often it is renewed. */
  readonly heartbeatMs: number;
  /** How soon a renewal that failed is tried again. */
  readonly retryMs: number;
}

/** A worker that dies leaves a key idle for at most ten seconds. */
export const embeddedLeaseTimes: LeaseTimes = {
  leaseMs: 10_000,
  heartbeatMs: 3_000,
  retryMs: 1_000,
};

export interface LeaseOptions {
  readonly times: LeaseTimes;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly expiresAt: number;
  /** Sets the expiry if the record is still that of this claim; throws when the store cannot be reached. */
  renew(expiresAt: number): Promise<'renewed' | 'lost'>;
}

/** Why a key's signal fired. */
export type LeaseEnd = 'lost' | 'finished';

/**
 * Renews one lease until it is stopped. `lost` is definitive and aborts at once; an error of the store is retried
 * until the next try would come at or after the expiry. A renewal that succeeded although its reply was lost does no
 * harm, because renewing depends on the claim's identity and not on its last known version.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #controller = new AbortController();
  #expiresAt: number;
  #timer: Timer | undefined;
  #inFlight: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#expiresAt = options.expiresAt;
    this.#schedule(options.times.heartbeatMs);
  }

  /** Fires with a `LeaseEnd` as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends renewal, waits for one in flight, then fires the signal. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#inFlight;
    this.#end('finished');
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.timers.after(delayMs, () => {
      this.#inFlight = this.#renew();
      return this.#inFlight;
    });
  }

  async #renew(): Promise<void> {
    if (this.#stopped) return;
    const { clock, times, renew } = this.#options;
    const expiresAt = clock.now() + times.leaseMs;
    try {
      if ((await renew(expiresAt)) === 'lost') return this.#end('lost');
      this.#expiresAt = expiresAt;
      this.#schedule(times.heartbeatMs);
    } catch {
      // The store cannot be reached; whether the lease is lost shows by its expiry.
      if (clock.now() + times.retryMs >= this.#expiresAt) return this.#end('lost');
      this.#schedule(times.retryMs);
    }
  }

  #end(reason: LeaseEnd): void {
    this.#stopped = true;
    this.#controller.abort(reason);
  }
}
