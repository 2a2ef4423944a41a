import { limitOf, parseCursor, positionOf, printCursor } from '@kiln/queue';
import type { ListedRecords, ListedState, ListPage, ListQuery } from '@kiln/queue';
import { sql } from 'kysely';
import type { RawBuilder, Selectable, Transaction } from 'kysely';
import type { Database } from './database.ts';
import { deadLetterRecord, inProgressRecord, queuedRecord } from './queue-rows.ts';
import { promote } from './queue-writes.ts';

/** Where each listing reads and in which order; the order is that of an index, so the cost depends on the limit. */
interface Listing {
  readonly table: 'queue_queued' | 'queue_in_progress' | 'queue_dead_letter';
  readonly order: RawBuilder<unknown>;
  where(now: number): RawBuilder<unknown>;
}

const listings: { readonly [S in ListedState]: Listing } = {
  eligible: {
    table: 'queue_queued',
    order: sql`(-priority), eligible_since, key`,
    where: (now) => sql`ready and eligible_since <= ${now}`,
  },
  waiting: {
    table: 'queue_queued',
    order: sql`eligible_since, key`,
    where: (now) => sql`not ready and eligible_since > ${now}`,
  },
  inProgress: { table: 'queue_in_progress', order: sql`claimed_at, key`, where: () => sql`true` },
  deadLettered: { table: 'queue_dead_letter', order: sql`failed_at, key`, where: () => sql`true` },
};

type Row<S extends ListedState> = Selectable<
  S extends 'inProgress'
    ? Database['queue_in_progress']
    : S extends 'deadLettered'
      ? Database['queue_dead_letter']
      : Database['queue_queued']
>;

const recordOf: { readonly [S in ListedState]: (row: Row<S>) => ListedRecords[S] } = {
  eligible: queuedRecord,
  waiting: queuedRecord,
  inProgress: inProgressRecord,
  deadLettered: deadLetterRecord,
};

/** One page of a listing. */
export async function listIn<S extends ListedState>(
  tx: Transaction<Database>,
  query: ListQuery<S>,
  now: number,
): Promise<ListPage<S>> {
  const after = parseCursor(query);
  const limit = limitOf(query);
  const listing = listings[query.state];
  await promote(tx, now);
  const conditions = [
    listing.where(now),
    ...(query.keyPrefix === undefined ? [] : [sql`starts_with(key, ${query.keyPrefix})`]),
    ...(query.priorityMin === undefined ? [] : [sql`priority >= ${query.priorityMin}`]),
    ...(after === undefined ? [] : [sql`(${listing.order}) > (${sql.join(after)})`]),
  ];
  const found = await sql<Row<S>>`select * from ${sql.table(listing.table)}
    where ${sql.join(conditions, sql` and `)} order by ${listing.order} limit ${limit + 1}`.execute(
    tx,
  );
  const records = found.rows.slice(0, limit).map(recordOf[query.state]);
  const last = records.at(-1);
  const more = found.rows.length > limit && last !== undefined;
  return { records, next: more ? printCursor(positionOf[query.state](last)) : undefined };
}
