import { compareBytes } from '@kiln/base';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

/** The schema as text, in bytewise order: what `schema.sql` holds, so that a change of it shows in review. */
export async function describeSchema(db: Kysely<Database>): Promise<string> {
  const columns = await sql<{ table: string; line: string }>`
    select c.relname as table,
      format('  %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' else '' end,
        coalesce(case when a.attgenerated = 's' then ' generated as (' || pg_get_expr(d.adbin, d.adrelid) || ')'
          when a.attidentity <> '' then ' identity' else ' default ' || pg_get_expr(d.adbin, d.adrelid) end, '')) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p') and n.nspname = 'public'
    order by c.relname collate "C", a.attnum`.execute(db);
  const rules = await sql<{ line: string }>`
    select format('%s: %s %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) as line
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where n.nspname = 'public' and c.contype <> 'n'`.execute(db);
  const indexes = await sql<{ line: string }>`
    select indexdef as line from pg_indexes where schemaname = 'public'`.execute(db);
  const tables = [...new Set(columns.rows.map(({ table }) => table))];
  return [
    '-- The schema after every migration. Written by the schema test (vitest -u); not run by anything.',
    ...tables.map((table) => {
      const lines = columns.rows.filter((row) => row.table === table).map(({ line }) => line);
      return `\ntable ${table} (\n${lines.join(',\n')}\n)`;
    }),
    `\n-- constraints\n${sorted(rules.rows)}`,
    `\n-- indexes\n${sorted(indexes.rows)}\n`,
  ].join('\n');
}

function sorted(rows: readonly { readonly line: string }[]): string {
  return rows
    .map(({ line }) => line)
    .sort(compareBytes)
    .join('\n');
}
