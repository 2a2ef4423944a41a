import { parseDigest } from '@kiln/base';
import type { RepositorySummary, SummariesRequest, TagEvent } from '@kiln/factory';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';

type Row = Readonly<{ repository: string; tags: number; digest: string | null }> &
  ({ readonly id: null } | { readonly id: number; readonly tag: string; readonly at: number });

/** One question for a page: its names first, then of each the entries of its tags and the first of its events. */
export async function readSummaries(
  db: Kysely<Database>,
  { last, limit, except }: SummariesRequest,
): Promise<readonly RepositorySummary[]> {
  const { rows } = await sql<Row>`
    select page.name as repository, counted.tags, newest.id, newest.tag, newest.digest, newest.at
    from (
      select name from registry_repository
      where name > ${last} and name <> all(${[...except]}::text[])
      order by name limit ${limit}
    ) as page
    cross join lateral (
      select count(*) as tags from registry_tag where repository = page.name
    ) as counted
    left join lateral (
      select id, tag, digest, at from registry_tag_event
      where repository = page.name order by id desc limit 1
    ) as newest on true
    order by page.name
  `.execute(db);
  return rows.map((row) => ({
    repository: row.repository,
    tags: row.tags,
    newest: eventOf(row),
  }));
}

function eventOf(row: Row): TagEvent | undefined {
  if (row.id === null) return undefined;
  const { id: sequence, tag, at } = row;
  const digest = row.digest === null ? undefined : parseDigest(row.digest);
  return { sequence, tag, digest, at };
}
