import { silentLogger } from '@kiln/base';
import { retentionDefault } from '@kiln/retention';
import type { SweepPorts, SweepReport } from '@kiln/retention';
import { expect, test } from 'vitest';
import { RetentionKeeper } from './retention-keeper.ts';

const times = { startedAt: 1000, finishedAt: 2000 };
const last: SweepReport = { dryRun: false, ...times, removed: [], named: 0, kept: 0, unread: [] };

test.each([
  ['after a day', last, 2000 + 24 * 60 * 60 * 1000],
  ['now, where there was none', undefined, 5000],
])('the next sweep is %s', async (_, report, nextAt) => {
  const ports = {
    records: { lastReport: () => Promise.resolve(report) },
    clock: { now: () => 5000 },
  } as unknown as SweepPorts;
  const keeper = new RetentionKeeper({ ports, policy: retentionDefault, log: silentLogger });
  expect(await keeper.status()).toMatchObject({ nextAt });
});
