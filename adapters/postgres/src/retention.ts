import type { Digest } from '@kiln/base';
import { hexOf, isSha512Digest, parseDigest } from '@kiln/base';
import type {
  Ages,
  ForgottenContents,
  NamingRow,
  NamingSource,
  RepositoryContents,
  RetentionRecords,
  SweepReport,
  TaggedDigest,
} from '@kiln/retention';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { bytesOfDigests, digestsOfBytes } from './digest-bytes.ts';
import { advisoryLocks } from './locks.ts';
import { generationId, readNamingRows, rowsNaming } from './naming-rows.ts';
import { lockRepositories } from './registry-writes.ts';

/** How many reports are kept. */
const reportsKept = 100;

/** How many component sets are removed in one transaction. */
const setsAtOnce = 1000;

/** What a sweep reads and removes, in SQL; see the port for what each operation promises. */
export class PostgresRetention implements RetentionRecords {
  readonly #db: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#db = database;
  }

  async alone<T>(work: () => Promise<T>): Promise<T | undefined> {
    // The lock belongs to the connection, and goes with it when the process is killed.
    return this.#db.connection().execute(async (connection) => {
      const { rows } = await sql<{
        got: boolean;
      }>`select pg_try_advisory_lock(${advisoryLocks.sweep}) as got`.execute(connection);
      if (rows[0]?.got !== true) return undefined;
      try {
        return await work();
      } finally {
        await sql`select pg_advisory_unlock(${advisoryLocks.sweep})`.execute(connection);
      }
    });
  }

  async repositories(): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('registry_repository')
      .select('name')
      .orderBy('name')
      .execute();
    return rows.map((row) => row.name);
  }

  contents(repository: string): Promise<RepositoryContents> {
    return readContents(this.#db, repository);
  }

  async learnHolds(
    repository: string,
    holds: ReadonlyMap<Digest, readonly Digest[]>,
  ): Promise<void> {
    for (const [digest, held] of holds) {
      await this.#db
        .updateTable('registry_manifest')
        .set({ holds: bytesOfDigests(held) })
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .where('holds', 'is', null)
        .execute();
    }
  }

  forgetContents(
    repository: string,
    choose: (contents: RepositoryContents) => ForgottenContents,
    { untaggedSince, blobsSince }: Ages,
  ): Promise<ForgottenContents> {
    return this.#db.transaction().execute(async (tx) => {
      await lockRepositories(tx, [repository]);
      const chosen = choose(await readContents(tx, repository));
      const manifests = await tx
        .deleteFrom('registry_manifest')
        .where('repository', '=', repository)
        .where(anyDigest(chosen.manifests))
        .where('pushed_at', '<', untaggedSince)
        .returning(['digest', 'size_bytes'])
        .execute();
      const blobs = await tx
        .deleteFrom('registry_blob')
        .where('repository', '=', repository)
        .where(anyDigest(chosen.blobs))
        .where('linked_at', '<', blobsSince)
        .returning(['digest', 'size_bytes'])
        .execute();
      return { manifests: manifests.map(sizedOf), blobs: blobs.map(sizedOf) };
    });
  }

  async staleResults(unusedSince: number): Promise<readonly Digest[]> {
    const { rows } = await sql<{ action: string }>`
      select action from action
      where used_at < ${unusedSince} and not exists (select from key_state where key_state.action = action.action)
      order by action`.execute(this.#db);
    return rows.map((row) => parseDigest(row.action));
  }

  async forgetResults(actions: readonly Digest[], unusedSince: number): Promise<number> {
    const { numAffectedRows } = await sql`
      delete from action where action = any(${[...actions]}::text[]) and used_at < ${unusedSince}
        and not exists (select from key_state where key_state.action = action.action)`.execute(
      this.#db,
    );
    return Number(numAffectedRows ?? 0);
  }

  async staleGenerations(madeBefore: number, kept: number): Promise<readonly string[]> {
    const { rows } = await sql<{ id: string }>`
      select ${sql.raw(generationId('generation'))} as id from generation
      where created_at < ${madeBefore}
        and number <= (select max(number) from generation newest
          where newest.repository = generation.repository and newest.arch = generation.arch) - ${kept}::integer
      order by id`.execute(this.#db);
    return rows.map((row) => row.id);
  }

  async forgetGenerations(ids: readonly string[]): Promise<number> {
    const { numAffectedRows } = await sql`
      delete from generation where ${sql.raw(generationId('generation'))} = any(${[...ids]}::text[])`.execute(
      this.#db,
    );
    return Number(numAffectedRows ?? 0);
  }

  async forgetStatements(
    source: 'attestation' | 'ledger',
    ids: readonly string[],
    writtenBefore: number,
  ): Promise<number> {
    const { numAffectedRows } =
      source === 'attestation'
        ? await sql`delete from attestation
            where subject || ' ' || predicate_type = any(${[...ids]}::text[]) and created_at < ${writtenBefore}`.execute(
            this.#db,
          )
        : await sql`delete from ledger
            where kind || ' ' || digest = any(${[...ids]}::text[]) and created_at < ${writtenBefore}`.execute(
            this.#db,
          );
    return Number(numAffectedRows ?? 0);
  }

  async staleComponentSets(
    gone: readonly { readonly repository: string; readonly digest: Digest }[],
  ): Promise<number> {
    const { rows } = await sql<{ sets: number }>`
      with gone as (
        select * from unnest(
          ${gone.map(({ repository }) => repository)}::text[],
          ${gone.map(({ digest }) => digest)}::text[]) as given (repository, digest))
      select count(*)::integer as sets from component_set where not exists (
        select from registry_manifest manifest where manifest.component_set = component_set.id and not exists (
          select from gone where gone.repository = manifest.repository and gone.digest = manifest.digest))
    `.execute(this.#db);
    return rows[0]?.sets ?? 0;
  }

  async forgetComponentSets(): Promise<number> {
    const { rows } = await sql<{ id: number }>`
      select id from component_set
      where not exists (select from registry_manifest where component_set = component_set.id)
      order by id`.execute(this.#db);
    let removed = 0;
    for (let at = 0; at < rows.length; at += setsAtOnce)
      removed += await this.#removeSets(rows.slice(at, at + setsAtOnce).map((row) => row.id));
    return removed;
  }

  /** Whoever publishes an image with a set locks its row first: those are left out, and nobody takes up the others. */
  #removeSets(ids: readonly number[]): Promise<number> {
    return this.#db.transaction().execute(async (tx) => {
      const locked = await sql<{ id: number }>`
        select id from component_set where id = any(${[...ids]}::integer[]) order by id for update skip locked`.execute(
        tx,
      );
      const { rows } = await sql<{ id: number; members: readonly number[] }>`
        delete from component_set s where id = any(${locked.rows.map((row) => row.id)}::integer[])
          and not exists (select from registry_manifest m where m.component_set = s.id)
        returning id, members`.execute(tx);
      for (const { id, members } of rows)
        await sql`delete from component_in_set where component = any(${[...members]}::integer[]) and component_set = ${id}`.execute(
          tx,
        );
      return rows.length;
    });
  }

  async *names(): AsyncGenerator<{
    readonly source: NamingSource;
    readonly rows: readonly NamingRow[];
  }> {
    const tx = await this.#db
      .startTransaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute();
    try {
      yield* readNamingRows(tx);
    } finally {
      await tx.rollback().execute();
    }
  }

  async naming(digest: Digest): ReturnType<RetentionRecords['naming']> {
    const { rows } = await sql<{ repository: string }>`
      select repository from registry_manifest where digest = ${digest}
      union select repository from registry_blob where digest = ${digest} order by 1`.execute(
      this.#db,
    );
    return {
      records: await rowsNaming(this.#db, hexOf(digest)),
      repositories: rows.map((row) => row.repository),
    };
  }

  async saveReport(report: SweepReport): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const { startedAt, finishedAt, dryRun } = report;
      const row = { started_at: startedAt, finished_at: finishedAt, dry_run: dryRun };
      const { number } = await tx
        .insertInto('retention_run')
        .values({ ...row, report: JSON.stringify(report) })
        .returning('number')
        .executeTakeFirstOrThrow();
      await tx
        .deleteFrom('retention_run')
        .where('number', '<=', number - reportsKept)
        .execute();
    });
  }

  async lastReport(): Promise<SweepReport | undefined> {
    const row = await this.#db
      .selectFrom('retention_run')
      .select('report')
      .where('dry_run', '=', false)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.report as SweepReport | undefined;
  }
}

async function readContents(db: Kysely<Database>, repository: string): Promise<RepositoryContents> {
  const manifests = await db
    .selectFrom('registry_manifest')
    .select(['digest', 'size_bytes', 'subject', 'holds', 'pushed_at', 'sha512'])
    .where('repository', '=', repository)
    .execute();
  const blobs = await db
    .selectFrom('registry_blob')
    .select(['digest', 'size_bytes', 'linked_at'])
    .where('repository', '=', repository)
    .execute();
  const tags = await db
    .selectFrom('registry_tag')
    .select(['tag', 'digest'])
    .where('repository', '=', repository)
    .execute();
  const history = await db
    .selectFrom('registry_tag_event')
    .select(({ fn }) => ['digest', fn.min('tag').as('tag')])
    .where('repository', '=', repository)
    .where('digest', 'is not', null)
    .groupBy('digest')
    .execute();
  const byName = new Map(manifests.map(({ sha512, digest }) => [sha512, parseDigest(digest)]));
  return {
    manifests: manifests.map((row) => ({
      ...sizedOf(row),
      subject: subjectOf(row.subject, byName),
      holds: row.holds === null ? undefined : digestsOfBytes(row.holds),
      pushedAt: row.pushed_at,
    })),
    blobs: blobs.map((row) => ({ ...sizedOf(row), linkedAt: row.linked_at })),
    tags: tags.map(taggedOf),
    history: history.map(taggedOf),
  };
}

/** A subject that is known by another name only, and is not there, keeps nothing. */
function subjectOf(
  subject: string | null,
  byName: ReadonlyMap<string | null, Digest>,
): Digest | undefined {
  if (subject === null) return undefined;
  return isSha512Digest(subject) ? byName.get(subject) : parseDigest(subject);
}

function sizedOf(row: { readonly digest: string; readonly size_bytes: number }): {
  readonly digest: Digest;
  readonly sizeBytes: number;
} {
  return { digest: parseDigest(row.digest), sizeBytes: row.size_bytes };
}

function taggedOf(row: { readonly tag: string; readonly digest: string | null }): TaggedDigest {
  return { tag: row.tag, digest: parseDigest(row.digest ?? '') };
}

/** One array parameter, whatever the number of digests. */
function anyDigest(items: readonly { readonly digest: Digest }[]) {
  return sql<boolean>`digest = any(${items.map((one) => one.digest)}::text[])`;
}
