import type { EnqueueRequest } from './queue.ts';

/**
 * How a reconcile ended. Whatever is thrown instead counts as a failure that may be retried.
 *
 * | kind | effect on the key | attempts |
 * | --- | --- | --- |
 * | `done` | completed | |
 * | `requeueAfter` | queued again, due after the delay; a fresh event may pull it earlier | reset |
 * | `requeueNotBefore` | the same, but no event can pull it earlier; at most an hour | reset |
 * | `queueKeys` | these keys are queued durably, then it is completed | |
 * | `nonRetriable` | trying again cannot help: dropped, or parked as a dead letter when `park` is set | |
 */
export type Outcome =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'requeueAfter';
      readonly delayMs: number;
      /** Adds a random part in [0, jitterMs). */
      readonly jitterMs?: number;
      readonly reason?: string;
    }
  | { readonly kind: 'requeueNotBefore'; readonly delayMs: number; readonly reason?: string }
  | { readonly kind: 'queueKeys'; readonly keys: readonly EnqueueRequest[] }
  | { readonly kind: 'nonRetriable'; readonly error: unknown; readonly park?: boolean };

/** Actual state equals desired state. */
export const done: Outcome = { kind: 'done' };

/** Look again in `delayMs`; a fresh event may come first. */
export function requeueAfter(delayMs: number, reason?: string): Outcome {
  return { kind: 'requeueAfter', delayMs, ...(reason === undefined ? {} : { reason }) };
}

/** Look again in `delayMs` and not before, whatever happens; for polling and for hosts that cool down. */
export function requeueNotBefore(delayMs: number, reason?: string): Outcome {
  return { kind: 'requeueNotBefore', delayMs, ...(reason === undefined ? {} : { reason }) };
}

/** Done, and these keys follow. The key itself may be among them: it runs again. */
export function queueKeys(keys: readonly EnqueueRequest[]): Outcome {
  return { kind: 'queueKeys', keys };
}

/** Trying again cannot help. `park` keeps the key as a dead letter that a person sees at once. */
export function nonRetriable(error: unknown, options: { readonly park?: boolean } = {}): Outcome {
  return { kind: 'nonRetriable', error, ...options };
}
