import { expect, test } from 'vitest';
import type { RetentionSummary } from './api/client.ts';
import { retentionWords } from './retention-words.ts';

const hour = 3_600_000;
const now = 100 * hour;
const swept: RetentionSummary = {
  running: null,
  last: { finishedAt: now - 3 * hour, blobs: 12, bytes: 4_100_000 },
  error: null,
  nextAt: now + 21 * hour,
};

test.each<[string, Partial<RetentionSummary>]>([
  ['Last sweep 3 h ago, 12 blobs (4.10 MB) removed; the next in 21 h.', {}],
  [
    'Last sweep 5 min ago, no blob removed; the next when somebody asks.',
    { last: { finishedAt: now - hour / 12, blobs: 0, bytes: 0 }, nextAt: null },
  ],
  ['No sweep yet; the next soon.', { last: null, nextAt: now - hour }],
  // The clock of a page goes in seconds.
  ['No sweep yet; the next soon.', { last: null, nextAt: now + 999 }],
  ['No sweep yet; the next in 1 s.', { last: null, nextAt: now + 1_000 }],
  [
    'A sweep has run for 40 s; the next in 21 h.',
    { running: { startedAt: now - 40_000, dryRun: false } },
  ],
  [
    'A sweep that removes nothing has run for 0 s; the next in 21 h.',
    { running: { startedAt: now, dryRun: true } },
  ],
  [
    'The last sweep failed; the next soon.',
    { error: { code: 'DATABASE_AWAY', message: 'it went', hint: '' }, nextAt: now },
  ],
])('says: %s', (text, change) => expect(retentionWords({ ...swept, ...change }, now)).toBe(text));
