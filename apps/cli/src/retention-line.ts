import { counted } from '@kiln/base';
import type { RetentionSummary } from '@kiln/server/schemas';
import { roughly, size } from './report.ts';

/** What is removed that nobody needs, in one line: now, last, next. */
export function retentionLine(
  { running, last, error, nextAt }: RetentionSummary,
  nowMs: number,
): string {
  return `${present({ running, last, error }, nowMs)}; ${next(nextAt, nowMs)}`;
}

function present(
  { running, last, error }: Omit<RetentionSummary, 'nextAt'>,
  nowMs: number,
): string {
  if (running !== null)
    return `a ${running.dryRun ? 'dry ' : ''}sweep has run for ${roughly(nowMs - running.startedAt)}`;
  if (error !== null) return `the last sweep failed with ${error.code}`;
  if (last === null) return 'no sweep yet';
  return `last sweep ${roughly(nowMs - last.finishedAt)} ago, ${removed(last)}`;
}

function removed({ blobs, bytes }: NonNullable<RetentionSummary['last']>): string {
  if (blobs === 0) return 'no blob removed';
  return `${counted(blobs, 'blob')} (${size(bytes)}) removed`;
}

function next(nextAt: number | null, nowMs: number): string {
  if (nextAt === null) return 'the next when somebody asks';
  return nextAt <= nowMs ? 'the next soon' : `the next in ${roughly(nextAt - nowMs)}`;
}
