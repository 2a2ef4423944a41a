import type { Clock, Digest } from '@kiln/base';
import { compareBytes } from '@kiln/base';
import { touchEveryMs } from '@kiln/blobs';
import type {
  ActionResult,
  BuiltPackage,
  CatalogProblem,
  Dependant,
  Desired,
  FactoryRecords,
  Generation,
  GenerationHead,
  KeyKind,
  KeyState,
  KeyStatus,
  LedgerEntry,
  PackageAttestation,
} from '@kiln/factory';
import type { EnqueueRequest, Key } from '@kiln/queue';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { DesiredRow, GenerationRow, KeyStateRow } from './factory-tables.ts';

/** Enqueues within a transaction of the caller. */
export interface TransactionalQueue {
  enqueueIn(
    transaction: Transaction<Database>,
    requests: readonly EnqueueRequest[],
  ): Promise<unknown>;
}

export interface PostgresRecordsOptions {
  readonly database: Kysely<Database>;
  readonly queue: TransactionalQueue;
  readonly clock: Clock;
}

/** The factory's records in SQL; see the port for what each operation promises. */
export class PostgresRecords implements FactoryRecords {
  readonly #db: Kysely<Database>;
  readonly #queue: TransactionalQueue;
  readonly #clock: Clock;

  constructor(options: PostgresRecordsOptions) {
    this.#db = options.database;
    this.#queue = options.queue;
    this.#clock = options.clock;
  }

  async desired(key: Key): Promise<Desired | undefined> {
    const row = await this.#db
      .selectFrom('desired')
      .selectAll()
      .where('key', '=', key)
      .executeTakeFirst();
    return row === undefined ? undefined : desiredOf(row);
  }

  async listDesired(): Promise<readonly Desired[]> {
    const rows = await this.#db.selectFrom('desired').selectAll().orderBy('key').execute();
    return rows.map(desiredOf);
  }

  async applyCatalog(
    catalog: string,
    desired: readonly Desired[],
    problems: readonly CatalogProblem[],
  ): Promise<readonly Key[]> {
    return this.#db.transaction().execute(async (tx) => {
      // One catalog is applied at a time.
      await sql`select pg_advisory_xact_lock(hashtext('kiln.catalog'))`.execute(tx);
      const before = new Map(
        (await tx.selectFrom('desired').selectAll().where('catalog', '=', catalog).execute()).map(
          (row) => [row.key, row],
        ),
      );
      const kept = new Set<string>([
        ...desired.map((one) => one.key),
        ...problems.map((one) => one.key),
      ]);
      const gone = [...before.keys()].filter((key) => !kept.has(key)) as Key[];
      const changed = desired.filter((one) => !sameDesired(before.get(one.key), one));
      if (gone.length > 0) await tx.deleteFrom('desired').where('key', 'in', gone).execute();
      for (const one of changed) await upsertDesired(tx, one);
      await tx.deleteFrom('catalog_problem').where('catalog', '=', catalog).execute();
      if (problems.length > 0)
        await tx
          .insertInto('catalog_problem')
          .values(problems.map((one) => ({ ...one })))
          .execute();
      await this.#queue.enqueueIn(tx, [
        ...changed.map((one) => ({
          key: one.key,
          priority: 100,
          reason: before.has(one.key) ? 'the catalog changed' : 'new in the catalog',
        })),
        ...gone.map((key) => ({ key, priority: 100, reason: 'no longer in the catalog' })),
      ]);
      return [...changed.map((one) => one.key), ...gone];
    });
  }

  async retainCatalogs(names: readonly string[]): Promise<void> {
    const rows = await this.#db.selectFrom('desired').select('catalog').distinct().execute();
    for (const { catalog } of rows)
      if (!names.includes(catalog)) await this.applyCatalog(catalog, [], []);
  }

  async problems(): Promise<readonly CatalogProblem[]> {
    return this.#db
      .selectFrom('catalog_problem')
      .selectAll()
      .orderBy('catalog')
      .orderBy('key')
      .execute();
  }

  async dependants(keys: readonly Key[]): Promise<readonly Dependant[]> {
    if (keys.length === 0) return [];
    const rows = await this.#db
      .selectFrom('desired')
      .select(['key', 'comes_first'])
      .where(sql<boolean>`depends_on && ${[...keys]}::text[] or may_need && ${[...keys]}::text[]`)
      .execute();
    return rows
      .map((row) => ({ key: row.key as Key, first: row.comes_first }))
      .toSorted((a, b) => compareBytes(a.key, b.key));
  }

  async state(key: Key): Promise<KeyState | undefined> {
    const row = await this.#db
      .selectFrom('key_state')
      .selectAll()
      .where('key', '=', key)
      .executeTakeFirst();
    return row === undefined ? undefined : stateOf(row);
  }

  async states(keys: readonly Key[]): Promise<ReadonlyMap<Key, KeyState>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('key_state')
      .selectAll()
      .where('key', 'in', [...keys])
      .execute();
    return new Map(rows.map((row) => [row.key as Key, stateOf(row)]));
  }

  async listStates(): Promise<readonly KeyState[]> {
    return (await this.#db.selectFrom('key_state').selectAll().orderBy('key').execute()).map(
      stateOf,
    );
  }

  async setState(
    state: Omit<KeyState, 'updatedAt'>,
    follow: readonly EnqueueRequest[] = [],
  ): Promise<void> {
    if (follow.length === 0) return this.#setState(this.#db, state);
    await this.#db.transaction().execute(async (tx) => {
      await this.#setState(tx, state);
      await this.#queue.enqueueIn(tx, follow);
    });
  }

  async #setState(db: Kysely<Database>, state: Omit<KeyState, 'updatedAt'>): Promise<void> {
    const row = {
      key: state.key,
      desired: state.desired,
      status: state.status,
      stage: state.stage,
      waiting_for: [...state.waitingFor],
      error_code: state.errorCode,
      error_message: state.errorMessage,
      error_hint: state.errorHint,
      action: state.action ?? null,
      updated_at: this.#clock.now(),
    };
    await db
      .insertInto('key_state')
      .columns([
        'key',
        'desired',
        'status',
        'stage',
        'waiting_for',
        'error_code',
        'error_message',
        'error_hint',
        'action',
        'updated_at',
      ])
      .expression((eb) =>
        eb
          .selectFrom('desired')
          .select([
            'desired.key',
            sql.val(row.desired).as('desired'),
            sql.val(row.status).as('status'),
            sql.val(row.stage).as('stage'),
            sql<string[]>`${row.waiting_for}::text[]`.as('waiting_for'),
            sql.val(row.error_code).as('error_code'),
            sql.val(row.error_message).as('error_message'),
            sql.val(row.error_hint).as('error_hint'),
            sql<string | null>`${row.action}::text`.as('action'),
            sql<number>`${row.updated_at}::bigint`.as('updated_at'),
          ])
          .where('desired.key', '=', row.key),
      )
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ ...row }))
      .execute();
  }

  async dropState(key: Key): Promise<void> {
    await this.#db.deleteFrom('key_state').where('key', '=', key).execute();
  }

  async action(action: Digest): Promise<ActionResult | undefined> {
    const row = await this.#db
      .selectFrom('action')
      .select('result')
      .where('action', '=', action)
      .executeTakeFirst();
    return row?.result as ActionResult | undefined;
  }

  async actions(actions: readonly Digest[]): Promise<ReadonlyMap<Digest, ActionResult>> {
    const rows = await this.#db
      .selectFrom('action')
      .select(['action', 'result'])
      .where('action', '=', sql<string>`any(${[...actions]}::text[])`)
      .execute();
    return new Map(rows.map((row) => [row.action as Digest, row.result as ActionResult]));
  }

  async useAction(action: Digest): Promise<ActionResult | undefined> {
    const now = this.#clock.now();
    await this.#db
      .updateTable('action')
      .set({ used_at: now })
      .where('action', '=', action)
      .where('used_at', '<', now - touchEveryMs)
      .execute();
    return this.action(action);
  }

  async recordAction(action: Digest, key: Key, result: ActionResult): Promise<void> {
    const now = this.#clock.now();
    const row = { key, result: JSON.stringify(result), created_at: now, used_at: now };
    await this.#db
      .insertInto('action')
      .values({ action, ...row })
      .onConflict((conflict) => conflict.column('action').doUpdateSet(row))
      .execute();
  }

  async forgetAction(action: Digest): Promise<void> {
    await this.#db.deleteFrom('action').where('action', '=', action).execute();
  }

  async recordLedger(entries: readonly LedgerEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const createdAt = this.#clock.now();
    // Recorded again, it is about to be signed again.
    await sql`
      insert into ledger (kind, digest, key, created_at)
      select distinct on (kind, digest) kind, digest, key, ${createdAt}
      from unnest(
        ${entries.map(({ kind }) => kind)}::text[],
        ${entries.map(({ digest }) => digest)}::text[],
        ${entries.map(({ key }) => key)}::text[]
      ) as given (kind, digest, key)
      on conflict (kind, digest) do update set created_at = excluded.created_at
        where ledger.created_at < excluded.created_at - ${touchEveryMs}
    `.execute(this.#db);
  }

  async inLedger(kind: LedgerEntry['kind'], digest: Digest): Promise<boolean> {
    return (await this.ledgerOf(kind, [digest])).size > 0;
  }

  async ledgerOf(
    kind: LedgerEntry['kind'],
    digests: readonly Digest[],
  ): Promise<ReadonlySet<Digest>> {
    const rows = await this.#db
      .selectFrom('ledger')
      .select('digest')
      .where('kind', '=', kind)
      .where('digest', '=', sql<string>`any(${[...digests]}::text[])`)
      .execute();
    return new Set(rows.map((row) => row.digest as Digest));
  }

  async recordAttestations(key: Key, attestations: readonly PackageAttestation[]): Promise<void> {
    if (attestations.length === 0) return;
    const createdAt = this.#clock.now();
    await this.#db
      .insertInto('attestation')
      .values(
        attestations.map(({ subject, predicateType, bundle }) => ({
          subject,
          predicate_type: predicateType,
          bundle,
          key,
          created_at: createdAt,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['subject', 'predicate_type']).doUpdateSet((eb) => ({
          bundle: eb.ref('excluded.bundle'),
          key: eb.ref('excluded.key'),
          created_at: eb.ref('excluded.created_at'),
        })),
      )
      .execute();
  }

  async attestations(subjects: readonly Digest[]): Promise<readonly PackageAttestation[]> {
    if (subjects.length === 0) return [];
    const rows = await this.#db
      .selectFrom('attestation')
      .select(['subject', 'predicate_type', 'bundle'])
      .where('subject', 'in', [...subjects])
      .execute();
    return rows.map((row) => ({
      subject: row.subject as Digest,
      predicateType: row.predicate_type,
      bundle: row.bundle as Digest,
    }));
  }

  async currentGeneration(repository: string, arch: string): Promise<Generation | undefined> {
    const row = await this.#generations(repository, arch)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : generationOf(row);
  }

  async generationHead(repository: string, arch: string): Promise<GenerationHead | undefined> {
    const row = await this.#db
      .selectFrom('generation')
      .select(['repository', 'arch', 'number', 'index_blob', 'unsigned', 'created_at'])
      .where('repository', '=', repository)
      .where('arch', '=', arch)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : headOf(row);
  }

  async generation(
    repository: string,
    arch: string,
    number: number,
  ): Promise<Generation | undefined> {
    const row = await this.#generations(repository, arch)
      .where('number', '=', number)
      .executeTakeFirst();
    return row === undefined ? undefined : generationOf(row);
  }

  #generations(repository: string, arch: string) {
    return this.#db
      .selectFrom('generation')
      .selectAll()
      .where('repository', '=', repository)
      .where('arch', '=', arch);
  }

  async publishGeneration(
    next: Omit<Generation, 'number' | 'createdAt'>,
    previous: number,
  ): Promise<Generation | undefined> {
    const number = previous + 1;
    const createdAt = this.#clock.now();
    const inserted = await this.#db
      .insertInto('generation')
      .values({
        repository: next.repository,
        arch: next.arch,
        number,
        index_blob: next.indexBlob,
        unsigned: next.unsigned,
        packages: JSON.stringify(next.packages),
        created_at: createdAt,
      })
      .onConflict((conflict) => conflict.columns(['repository', 'arch', 'number']).doNothing())
      .executeTakeFirst();
    return inserted.numInsertedOrUpdatedRows === 1n ? { ...next, number, createdAt } : undefined;
  }
}

async function upsertDesired(tx: Transaction<Database>, one: Desired): Promise<void> {
  const row = {
    kind: one.kind,
    name: one.name,
    catalog: one.catalog,
    bundle: one.bundle,
    depends_on: [...one.dependsOn],
    may_need: [...one.mayNeed],
    comes_first: one.first === true,
  };
  await tx
    .insertInto('desired')
    .values({ key: one.key, ...row })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
    .execute();
}

function sameDesired(row: Selectable<DesiredRow> | undefined, one: Desired): boolean {
  return (
    row !== undefined &&
    row.bundle === one.bundle &&
    row.catalog === one.catalog &&
    row.depends_on.join(' ') === one.dependsOn.join(' ') &&
    row.may_need.join(' ') === one.mayNeed.join(' ') &&
    row.comes_first === (one.first === true)
  );
}

function desiredOf(row: Selectable<DesiredRow>): Desired {
  return {
    key: row.key as Key,
    kind: row.kind as KeyKind,
    name: row.name,
    catalog: row.catalog,
    bundle: row.bundle as Digest,
    dependsOn: row.depends_on as readonly Key[],
    mayNeed: row.may_need as readonly Key[],
    ...(row.comes_first ? { first: true } : {}),
  };
}

function stateOf(row: Selectable<KeyStateRow>): KeyState {
  return {
    key: row.key as Key,
    desired: row.desired as Digest,
    status: row.status as KeyStatus,
    stage: row.stage,
    waitingFor: row.waiting_for as readonly Key[],
    errorCode: row.error_code,
    errorMessage: row.error_message,
    errorHint: row.error_hint,
    action: (row.action ?? undefined) as Digest | undefined,
    updatedAt: row.updated_at,
  };
}

function generationOf(row: Selectable<GenerationRow>): Generation {
  return { ...headOf(row), packages: row.packages as readonly BuiltPackage[] };
}

function headOf(row: Omit<Selectable<GenerationRow>, 'packages'>): GenerationHead {
  return {
    repository: row.repository,
    arch: row.arch,
    number: row.number,
    indexBlob: row.index_blob as Digest,
    unsigned: row.unsigned as Digest,
    createdAt: row.created_at,
  };
}
