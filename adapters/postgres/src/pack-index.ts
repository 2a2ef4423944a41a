import { hexOf } from '@kiln/base';
import { touchEveryMs } from '@kiln/blobs';
import type { Digest } from '@kiln/base';
import type { PackIndex, PackPlace, PackedBlob } from '@kiln/blobs';
import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** Pages of the table that one statement lists: some 150,000 rows. */
const pagesAtOnce = 1000;

/** The pack index in SQL: a small row for each blob. What it finds are blobs whose digests begin alike. */
export class PostgresPackIndex implements PackIndex {
  readonly #db: Kysely<Database>;

  constructor(options: { readonly database: Kysely<Database> }) {
    this.#db = options.database;
  }

  async add(pack: string, digests: readonly Digest[], usedAt: number): Promise<void> {
    const starts = digests.map(startOf);
    await sql`
      with pack as (insert into blob_pack (name, entries, used_at) values (${pack}, ${digests.length}, ${usedAt}) returning id)
      insert into blob_pack_entry (digest_start, pack, entry)
      select given.digest_start, pack.id, given.number - 1
      from pack, unnest(${starts}::bigint[]) with ordinality as given (digest_start, number)
    `.execute(this.#db);
  }

  async find(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, readonly PackPlace[]>> {
    const starts = digests.map(startOf);
    const { rows } = await sql<{ digest_start: number; name: string; entry: number }>`
      select blob_pack_entry.digest_start, blob_pack.name, blob_pack_entry.entry
      from blob_pack_entry join blob_pack on blob_pack.id = blob_pack_entry.pack
      where blob_pack_entry.digest_start = any(${starts}::bigint[])
      order by blob_pack_entry.pack, blob_pack_entry.entry
    `.execute(this.#db);
    const places = Map.groupBy(rows, (row) => row.digest_start);
    const found = new Map<Digest, readonly PackPlace[]>();
    for (const digest of digests) {
      const candidates = places.get(startOf(digest));
      if (candidates === undefined) continue;
      found.set(
        digest,
        candidates.map(({ name, entry }) => ({ pack: name, entry })),
      );
    }
    return found;
  }

  async use(digests: readonly Digest[], now: number): Promise<void> {
    // The rows are locked in one order; where a collector has one, this waits until it is done.
    await sql`
      update blob_pack set used_at = ${now} where id in (
        select id from blob_pack
        where used_at < ${now - touchEveryMs} and id in (
          select pack from blob_pack_entry where digest_start = any(${digests.map(startOf)}::bigint[]))
        order by id for update)
    `.execute(this.#db);
  }

  async usedAt(packs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db
      .selectFrom('blob_pack')
      .select(['name', 'used_at'])
      .where('name', '=', sql<string>`any(${[...packs]}::text[])`)
      .execute();
    return new Map(rows.map((row) => [row.name, row.used_at]));
  }

  async collect(
    blobs: readonly PackedBlob[],
    unusedSince: number,
  ): ReturnType<PackIndex['collect']> {
    return this.#db.transaction().execute(async (tx) => {
      const unused = await tx
        .selectFrom('blob_pack')
        .select('name')
        .where(
          'name',
          '=',
          sql<string>`any(${[...new Set(blobs.map(({ pack }) => pack))]}::text[])`,
        )
        .where('used_at', '<', unusedSince)
        .orderBy('id')
        .forUpdate()
        .execute();
      const names = new Set(unused.map(({ name }) => name));
      const removed = blobs.filter(({ pack }) => names.has(pack));
      return { removed, emptied: await removeEntries(tx, removed) };
    });
  }

  async remove(blobs: readonly PackedBlob[]): Promise<readonly string[]> {
    return this.#db.transaction().execute(async (tx) => removeEntries(tx, blobs));
  }

  /** Rows are listed as they lie in the table, which is the order in which packs were added. */
  async *list(): AsyncIterable<PackPlace> {
    const pages = await sql<{ pages: number }>`
      select pg_relation_size('blob_pack_entry') / current_setting('block_size')::integer as pages
    `.execute(this.#db);
    const end = pages.rows[0]?.pages ?? 0;
    for (let page = 0; page < end; page += pagesAtOnce) {
      const { rows } = await sql<{ name: string; entry: number }>`
        select blob_pack.name, blob_pack_entry.entry
        from blob_pack_entry join blob_pack on blob_pack.id = blob_pack_entry.pack
        where blob_pack_entry.ctid >= ${`(${page},0)`}::tid
          and blob_pack_entry.ctid < ${`(${page + pagesAtOnce},0)`}::tid
        order by blob_pack_entry.pack, blob_pack_entry.entry
      `.execute(this.#db);
      for (const { name, entry } of rows) yield { pack: name, entry };
    }
  }

  async known(packs: readonly string[]): Promise<ReadonlySet<string>> {
    if (packs.length === 0) return new Set();
    const rows = await this.#db
      .selectFrom('blob_pack')
      .select('name')
      .where('name', 'in', [...packs])
      .execute();
    return new Set(rows.map(({ name }) => name));
  }
}

/** The first 48 bits: a number that JavaScript and a `bigint` column hold exactly. */
function startOf(digest: Digest): number {
  return Number.parseInt(hexOf(digest).slice(0, 12), 16);
}

/** Removes entries, and packs that have none left; returns these. */
async function removeEntries(
  tx: Transaction<Database>,
  blobs: readonly PackedBlob[],
): Promise<readonly string[]> {
  if (blobs.length === 0) return [];
  await sql`
        with removed as (
          delete from blob_pack_entry
          using blob_pack, unnest(
            ${blobs.map(({ digest }) => startOf(digest))}::bigint[],
            ${blobs.map(({ pack }) => pack)}::text[],
            ${blobs.map(({ entry }) => entry)}::integer[]
          ) as given (digest_start, name, entry)
          where blob_pack.name = given.name
            and blob_pack_entry.digest_start = given.digest_start
            and blob_pack_entry.pack = blob_pack.id
            and blob_pack_entry.entry = given.entry
          returning blob_pack_entry.pack
        )
        update blob_pack set entries = entries - gone.count
        from (select pack, count(*)::integer as count from removed group by pack order by pack) as gone
        where blob_pack.id = gone.pack
      `.execute(tx);
  const names = [...new Set(blobs.map(({ pack }) => pack))];
  const emptied = await tx
    .deleteFrom('blob_pack')
    .where('entries', '<=', 0)
    .where('name', 'in', names)
    .returning('name')
    .execute();
  return emptied.map(({ name }) => name);
}
