import { parseDigest } from '@kiln/base';
import type { RepositorySummary, SummariesRequest, TagEvent } from '@kiln/factory';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';

interface EventRow {
  readonly id: number;
  readonly tag: string;
  readonly digest: string | null;
  readonly at: number;
}

type Row = Readonly<{ repository: string; tags: number }> & (EventRow | { readonly id: null });

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
    newest: row.id === null ? undefined : eventOf(row),
  }));
}

/** The newest event of each of these repositories, of those that have one. */
export async function readNewestEvents(
  db: Kysely<Database>,
  repositories: readonly string[],
): Promise<ReadonlyMap<string, TagEvent>> {
  const { rows } = await sql<EventRow & { readonly repository: string }>`
    select asked.repository, newest.id, newest.tag, newest.digest, newest.at
    from unnest(${[...new Set(repositories)]}::text[]) as asked (repository)
    cross join lateral (
      select id, tag, digest, at from registry_tag_event
      where repository = asked.repository order by id desc limit 1
    ) as newest
  `.execute(db);
  return new Map(rows.map((row) => [row.repository, eventOf(row)]));
}

function eventOf({ id: sequence, tag, digest, at }: EventRow): TagEvent {
  return { sequence, tag, digest: digest === null ? undefined : parseDigest(digest), at };
}
