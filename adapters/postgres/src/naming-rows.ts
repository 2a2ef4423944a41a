import type { NamingRow, NamingSource } from '@kiln/retention';
import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/**
 * The rows that name blobs, by source; a schema test sees to it that every table is here or in `tablesWithoutBlobs`.
 * Attestations and ledger entries come last: what they are about is named by the others, or not at all.
 */
export const namingQueries: readonly {
  readonly source: NamingSource;
  readonly table: keyof Database;
  readonly query: string;
}[] = [
  {
    source: 'manifest',
    table: 'registry_manifest',
    query: `select repository || '@' || digest as id, null as about, null as at, digest as text from registry_manifest`,
  },
  {
    source: 'blob',
    table: 'registry_blob',
    query: `select repository || '@' || digest as id, null as about, null as at, digest as text from registry_blob`,
  },
  {
    source: 'result',
    table: 'action',
    query: `select action as id, null as about, null as at, result::text as text from action`,
  },
  {
    source: 'generation',
    table: 'generation',
    query: `select ${generationId('generation')} as id, null as about, null as at, index_blob || ' ' || packages::text as text
      from generation`,
  },
  {
    source: 'desired',
    table: 'desired',
    query: `select key as id, null as about, null as at, bundle as text from desired`,
  },
  {
    source: 'state',
    table: 'key_state',
    query: `select key as id, null as about, null as at, desired as text from key_state`,
  },
  {
    source: 'attestation',
    table: 'attestation',
    query: `select subject || ' ' || predicate_type as id, subject as about, created_at as at, bundle as text from attestation`,
  },
  {
    source: 'ledger',
    table: 'ledger',
    query: `select kind || ' ' || digest as id, digest as about, created_at as at, digest as text from ledger`,
  },
];

/** Tables whose rows keep no blob: they name none, or what they name other tables show. */
export const tablesWithoutBlobs: readonly string[] = [
  // They say where blobs are.
  'blob_pack',
  'blob_pack_entry',
  'catalog_problem',
  'component',
  'component_in_set',
  'component_set',
  'kiln_migration',
  'queue_attempt',
  'queue_dead_letter',
  'queue_in_progress',
  'queue_queued',
  'registry_repository',
  // A tag's manifest is a row of its repository, as long as the tag is there.
  'registry_tag',
  // So is what a tag left, unless somebody deleted it.
  'registry_tag_event',
  'retention_run',
];

/** One text for the key of a generation. */
export function generationId(table: string): string {
  return `${table}.repository || '@' || ${table}.arch || '@' || ${table}.number`;
}

const rowsAtOnce: Readonly<Record<NamingSource, number>> = {
  manifest: 10_000,
  blob: 10_000,
  result: 100,
  generation: 4,
  desired: 10_000,
  state: 10_000,
  attestation: 10_000,
  ledger: 10_000,
};

/** Reads every naming row in one snapshot, which begins with the first. */
export async function* readNamingRows(
  tx: Transaction<Database>,
): AsyncGenerator<{ readonly source: NamingSource; readonly rows: readonly NamingRow[] }> {
  for (const { source, query } of namingQueries) {
    await sql.raw(`declare naming no scroll cursor for ${query}`).execute(tx);
    for (;;) {
      const { rows } = await sql
        .raw<NamingRow>(`fetch ${rowsAtOnce[source]} from naming`)
        .execute(tx);
      if (rows.length === 0) break;
      yield { source, rows };
    }
    await sql`close naming`.execute(tx);
  }
}

/** The rows that name a digest; looks at every row. */
export async function rowsNaming(
  db: Kysely<Database>,
  hex: string,
): Promise<readonly { readonly source: NamingSource; readonly id: string }[]> {
  const found: { source: NamingSource; id: string }[] = [];
  for (const { source, query } of namingQueries) {
    if (source === 'manifest' || source === 'blob') continue;
    const { rows } = await sql<{ id: string }>`
      select id from (${sql.raw(query)}) as naming where position(${hex} in text) > 0 order by id limit 100`.execute(
      db,
    );
    for (const { id } of rows) found.push({ source, id });
  }
  return found;
}
