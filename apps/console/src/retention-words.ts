import type { RetentionSummary } from './api/client.ts';
import { count, formatAge, formatBytes } from './format.ts';

/** What is removed that nobody needs: what happens or happened, and when it will be next. */
export function retentionWords(retention: RetentionSummary, now: number): string {
  return `${present(retention, now)}; ${next(retention.nextAt, now)}.`;
}

function present({ running, error, last }: RetentionSummary, now: number): string {
  if (running !== null) {
    const what = running.dryRun ? 'A sweep that removes nothing' : 'A sweep';
    return `${what} has run for ${formatAge(now - running.startedAt)}`;
  }
  if (error !== null) return 'The last sweep failed';
  if (last === null) return 'No sweep yet';
  const removed =
    last.blobs === 0
      ? 'no blob removed'
      : `${count(last.blobs, 'blob')} (${formatBytes(last.bytes)}) removed`;
  return `Last sweep ${formatAge(now - last.finishedAt)} ago, ${removed}`;
}

function next(nextAt: number | null, now: number): string {
  if (nextAt === null) return 'the next when somebody asks';
  return nextAt - now < 1_000 ? 'the next soon' : `the next in ${formatAge(nextAt - now)}`;
}
