import type { GarbageStatus, RetentionSummary } from './api/retention-schemas.ts';

/** What a status says of retention. */
export function retentionSummary({
  running,
  outcome,
  last,
  nextAt,
}: GarbageStatus): RetentionSummary {
  const blobs = last?.removed.find((one) => one.kind === 'blob');
  return {
    running,
    last:
      last === null
        ? null
        : { finishedAt: last.finishedAt, blobs: blobs?.count ?? 0, bytes: blobs?.bytes ?? 0 },
    error: outcome?.error ?? null,
    nextAt,
  };
}
