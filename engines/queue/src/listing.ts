import { KilnError, compareBytes } from '@kiln/base';
import type { ListedRecords, ListedState, ListQuery } from './queue.ts';

/** Where a record stands in its listing: numbers first, the key last, ascending. */
export type Position = readonly [...number[], string];

/** The order of each listing. */
export const positionOf: { readonly [S in ListedState]: (record: ListedRecords[S]) => Position } = {
  eligible: (record) => [-record.priority, record.eligibleSince, record.key],
  waiting: (record) => [record.eligibleSince, record.key],
  inProgress: (record) => [record.claimedAt, record.key],
  deadLettered: (record) => [record.failedAt, record.key],
};

export function comparePositions(a: Position, b: Position): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    const order =
      typeof left === 'string' ? compareBytes(left, String(right)) : left - Number(right);
    if (order !== 0) return order;
  }
  return 0;
}

const listLimitMax = 1_000;

/** 1 to 1,000; default 100. */
export function limitOf(query: { readonly limit?: number }): number {
  return Math.min(Math.max(Math.trunc(query.limit ?? 100), 1), listLimitMax);
}

export function printCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position in a cursor. Throws `QUEUE_CURSOR_INVALID`. */
export function parseCursor(query: ListQuery<ListedState>): Position | undefined {
  if (query.cursor === undefined) return undefined;
  const numbers = query.state === 'eligible' ? 2 : 1;
  try {
    const found: unknown = JSON.parse(
      Buffer.from(query.cursor.slice(0, 2_000), 'base64url').toString('utf8'),
    );
    if (Array.isArray(found) && found.length === numbers + 1) {
      const key: unknown = found.pop();
      if (typeof key === 'string' && !key.includes('\0') && found.every(Number.isSafeInteger)) {
        return [...(found as number[]), key];
      }
    }
  } catch {
    // Not JSON: refused below like any other text that is no cursor.
  }
  throw new KilnError('QUEUE_CURSOR_INVALID', 'not a cursor of this listing', {
    hint: 'use the cursor of the page before with the same state',
  });
}
