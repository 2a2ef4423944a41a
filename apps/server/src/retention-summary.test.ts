import { expect, test } from 'vitest';
import type { GarbageStatus, SweepSummary } from './api/retention-schemas.ts';
import { retentionSummary } from './retention-summary.ts';

const sweep: SweepSummary = {
  dryRun: false,
  startedAt: 1_000,
  finishedAt: 3_000,
  removed: [
    { kind: 'link', count: 30, bytes: 0 },
    { kind: 'blob', count: 12, bytes: 4_100_000 },
  ],
  named: 9,
  kept: 9,
  unread: [],
};
const status: GarbageStatus = {
  running: null,
  outcome: null,
  last: sweep,
  nextAt: 90_000,
  policy: { untaggedMs: 1, resultsMs: 1, generationsMs: null, blobsMs: 1, everyMs: 87_000 },
};

test('of a sweep the blobs are told, with their bytes, and nothing else that went', () => {
  expect(retentionSummary(status)).toEqual({
    running: null,
    last: { finishedAt: 3_000, blobs: 12, bytes: 4_100_000 },
    error: null,
    nextAt: 90_000,
  });
  const removed = sweep.removed.slice(0, 1);
  expect(retentionSummary({ ...status, last: { ...sweep, removed } }).last).toEqual({
    finishedAt: 3_000,
    blobs: 0,
    bytes: 0,
  });
});

test('what is under way and what failed is told, and that there was none yet', () => {
  const running = { startedAt: 5, dryRun: true };
  const error = { code: 'DATABASE_AWAY', message: 'it went', hint: '' };
  const outcome = { report: null, error };
  expect(retentionSummary({ ...status, running, outcome, last: null, nextAt: null })).toEqual({
    running,
    last: null,
    error,
    nextAt: null,
  });
});
