import type { Clock } from '@kiln/base';
import type { Failure } from './failure.ts';
import type { Key } from './key.ts';
import { Lease } from './lease.ts';
import type { LeaseTimes } from './lease.ts';
import type { Finish, OwnedKey, Requeue } from './queue.ts';
import type { InProgressRecord } from './records.ts';
import type { Timers } from './timers.ts';
import type { Verdict } from './transitions.ts';

/** What a back end does for its claims; each operation is conditional on the attempt id. */
export interface ClaimStore {
  renew(record: InProgressRecord, expiresAt: number): Promise<'renewed' | 'lost'>;
  finish(record: InProgressRecord, verdict: Verdict): Promise<Finish>;
  attachLog(record: InProgressRecord, reference: string): Promise<void>;
}

export interface LeasedKeyOptions {
  readonly store: ClaimStore;
  readonly times: LeaseTimes;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The owned handle of every back end: a record, its lease, and at most one verdict. */
export class LeasedKey implements OwnedKey {
  readonly record: InProgressRecord;
  readonly #store: ClaimStore;
  readonly #lease: Lease;
  #verdictGiven = false;

  constructor(record: InProgressRecord, options: LeasedKeyOptions) {
    const { store, ...rest } = options;
    this.record = record;
    this.#store = store;
    this.#lease = new Lease({
      ...rest,
      expiresAt: record.leaseExpiresAt,
      renew: (expiresAt) => store.renew(record, expiresAt),
    });
  }

  get key(): Key {
    return this.record.key;
  }

  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  complete(
    note: { readonly outcome?: 'done' | 'queuedKeys' | 'dropped'; readonly failure?: Failure } = {},
  ): Promise<Finish> {
    return this.#finish({
      kind: 'complete',
      outcome: note.outcome ?? 'done',
      failure: note.failure,
    });
  }

  requeue(how: Requeue, failure?: Failure): Promise<Finish> {
    return this.#finish({ kind: 'requeue', how, failure });
  }

  deadLetter(failure: Failure): Promise<Finish> {
    return this.#finish({ kind: 'deadLetter', failure });
  }

  attachLog(reference: string): Promise<void> {
    return this.#store.attachLog(this.record, reference.slice(0, 1_000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#verdictGiven) await this.requeue({ kind: 'plain' });
  }

  async #finish(verdict: Verdict): Promise<Finish> {
    this.#verdictGiven = true;
    await this.#lease.stop();
    return this.#store.finish(this.record, verdict);
  }
}
