import type { Clock, Logger } from '@kiln/base';
import type { Key } from './key.ts';
import type { Outcome } from './outcome.ts';

/** What a reconcile may know about its attempt. */
export interface ReconcileContext {
  /** Fires when the lease is lost or the process drains; `signal.reason` says which. */
  readonly signal: AbortSignal;
  readonly attemptId: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly priority: number;
  /** Why it runs. */
  readonly reason: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Notes where the log of this attempt is. */
  attachLog(reference: string): Promise<void>;
}

/** One kind of key: reads desired and actual state, takes the smallest step, says how it ended. */
export interface Reconciler {
  /** The kind of key, e.g. `package` for `package:zlib@x86_64`. */
  readonly prefix: string;
  /** The resource pool it draws on; default one of its own, named as the prefix. */
  readonly pool?: string;
  /** The size of a pool of its own; default 1. */
  readonly concurrency?: number;
  reconcile(key: Key, context: ReconcileContext): Promise<Outcome>;
}
