import type { RetentionSummary } from '@kiln/server/schemas';
import { expect, test } from 'vitest';
import { retentionLine } from './retention-line.ts';

const hour = 3_600_000;
const now = 100 * hour;
const swept: RetentionSummary = {
  running: null,
  last: { finishedAt: now - 3 * hour, blobs: 12, bytes: 4_100_000 },
  error: null,
  nextAt: now + 21 * hour,
};

test.each<[string, Partial<RetentionSummary>]>([
  ['last sweep 3h ago, 12 blobs (4.1 MB) removed; the next in 21h', {}],
  [
    'last sweep 5m ago, 1 blob (12 B) removed; the next in 21h',
    { last: { finishedAt: now - hour / 12, blobs: 1, bytes: 12 } },
  ],
  [
    'last sweep 3h ago, no blob removed; the next when somebody asks',
    { last: { finishedAt: now - 3 * hour, blobs: 0, bytes: 0 }, nextAt: null },
  ],
  ['no sweep yet; the next soon', { last: null, nextAt: now - hour }],
  [
    'a sweep has run for 40s; the next in 21h',
    { running: { startedAt: now - 40_000, dryRun: false } },
  ],
  ['a dry sweep has run for 0s; the next in 21h', { running: { startedAt: now, dryRun: true } }],
  [
    'the last sweep failed with BLOB_UNREADABLE; the next soon',
    { error: { code: 'BLOB_UNREADABLE', message: 'no', hint: '' }, nextAt: now },
  ],
])('says: %s', (text, change) => expect(retentionLine({ ...swept, ...change }, now)).toBe(text));
