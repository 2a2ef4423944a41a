import { readdir, readFile } from 'node:fs/promises';
import { KilnError, compareBytes, digestOf, messageOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from './database.ts';
import { advisoryLocks } from './locks.ts';

/** One numbered file of `migrations/`. */
export interface Migration {
  readonly number: number;
  /** The name of the file. */
  readonly name: string;
  readonly text: string;
  readonly checksum: Digest;
}

/** The migrations in their order. Throws `POSTGRES_MIGRATION_INVALID` unless they count 1, 2, 3 … */
export async function readMigrations(
  directory: URL = new URL('../migrations/', import.meta.url),
): Promise<readonly Migration[]> {
  const names = (await readdir(directory))
    .filter((name) => name.endsWith('.sql'))
    .sort(compareBytes);
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]);
      if (number !== index + 1) {
        throw new KilnError('POSTGRES_MIGRATION_INVALID', `not the next migration: ${name}`, {
          hint: `expected ${String(index + 1).padStart(4, '0')}-name.sql`,
        });
      }
      const text = await readFile(new URL(name, directory), 'utf8');
      return { number, name, text, checksum: digestOf(text) };
    }),
  );
}

/**
 * Brings the schema up to date in one transaction: all of it or nothing. Returns the names applied now.
 * Throws `POSTGRES_MIGRATION_CHANGED`, `POSTGRES_MIGRATION_UNKNOWN`, `POSTGRES_MIGRATION_FAILED`.
 */
export async function migrate(
  db: Kysely<Database>,
  migrations?: readonly Migration[],
): Promise<readonly string[]> {
  const wanted = migrations ?? (await readMigrations());
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${advisoryLocks.migration})`.execute(tx);
    await sql`create table if not exists kiln_migration (
      number integer primary key, name text not null, checksum text not null)`.execute(tx);
    const applied =
      await sql<Applied>`select number, name, checksum from kiln_migration order by number`.execute(
        tx,
      );
    for (const one of applied.rows) refuseDrift(one, wanted);
    const pending = wanted.slice(applied.rows.length);
    for (const migration of pending) await apply(tx, migration);
    return pending.map(({ name }) => name);
  });
}

/** Whether the schema is the one that these migrations make. Throws what the database says when it was never migrated. */
export async function isMigrated(
  db: Kysely<Database>,
  migrations?: readonly Migration[],
): Promise<boolean> {
  const wanted = migrations ?? (await readMigrations());
  const applied =
    await sql<Applied>`select number, name, checksum from kiln_migration order by number`.execute(
      db,
    );
  return (
    applied.rows.length === wanted.length &&
    applied.rows.every((one) => wanted[one.number - 1]?.checksum === one.checksum)
  );
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

function refuseDrift(applied: Applied, wanted: readonly Migration[]): void {
  const file = wanted[applied.number - 1];
  if (file === undefined) {
    throw new KilnError(
      'POSTGRES_MIGRATION_UNKNOWN',
      `the database has migration ${applied.name}, which this Kiln does not know`,
      {
        hint: 'a newer Kiln has used this database; run that version or a later one',
      },
    );
  }
  if (file.checksum !== applied.checksum) {
    throw new KilnError(
      'POSTGRES_MIGRATION_CHANGED',
      `migration ${file.name} is not what was applied to this database`,
      {
        hint: 'migrations are append-only: restore the file and put the change into a new one',
      },
    );
  }
}

async function apply(tx: Transaction<Database>, migration: Migration): Promise<void> {
  const { number, name, checksum, text } = migration;
  try {
    await sql.raw(text).execute(tx);
  } catch (error) {
    throw new KilnError(
      'POSTGRES_MIGRATION_FAILED',
      `migration ${name} failed: ${messageOf(error)}`,
      {
        hint: 'the database is as it was before; report this with the message',
        cause: error,
      },
    );
  }
  await sql`insert into kiln_migration values (${number}, ${name}, ${checksum})`.execute(tx);
}
