import type { Random } from '@kiln/base';

export const failureBackoffBaseMs = 30_000;
export const failureBackoffMaxMs = 600_000;

/** The curve of failure delays. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

export const defaultBackoff: Backoff = { baseMs: failureBackoffBaseMs, maxMs: failureBackoffMaxMs };

/** `min(base x 2^(attempts-1), max)` plus a random part in [0, half of it). Attempts below 1 count as 1. */
export function failureBackoffMs(
  attempts: number,
  random: Random,
  curve: Backoff = defaultBackoff,
): number {
  const base = Math.min(curve.baseMs * 2 ** Math.min(Math.max(attempts, 1) - 1, 60), curve.maxMs);
  return Math.floor(base + random.next() * (base / 2));
}

/** The delay of a plain requeue of urgent work, without which a failing urgent key would hold the head for ever. */
export function linearBackoffMs(attempts: number): number {
  return Math.min(attempts * failureBackoffBaseMs, failureBackoffMaxMs);
}

/** `delayMs` plus a random part in [0, delayMs); a delay that is not positive comes back unchanged. */
export function jitter(delayMs: number, random: Random): number {
  return delayMs <= 0 ? delayMs : delayMs + random.next() * delayMs;
}

/** Lost leases in a row after which a key is parked: it seems to kill whoever touches it. */
export const leasesLostMax = 20;

/** The wait after the nth lost lease in a row: none for the first three, then linear. */
export function lostLeaseDelayMs(leasesLost: number): number {
  return leasesLost <= 3 ? 0 : linearBackoffMs(leasesLost - 3);
}
