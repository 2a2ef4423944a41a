import type { Clock, Digest } from '@kiln/base';
import { parseDigest } from '@kiln/base';
import type {
  PageRequest,
  Publication,
  RegistryManifest,
  RegistryState,
  RegistryTag,
  TagEvent,
  TagHistoryRequest,
  TagMove,
} from '@kiln/factory';
import { tagTargetUnknown } from '@kiln/factory';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { RegistryManifestRow, RegistryTagRow } from './registry-tables.ts';

export interface PostgresRegistryStateOptions {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
}

/** Ends a transaction whose tags are not where they are expected; never leaves this file. */
class NotAsExpected extends Error {}

/**
 * Registry state in SQL; see the port for what each operation promises. Changes of one repository run one after
 * another, under an advisory lock that is taken before anything is read. Those of this process wait for each other here
 * and not in connections, so that a storm of pushes to one repository leaves some for everybody else. A single blob,
 * which contradicts nothing, waits for nobody.
 */
export class PostgresRegistryState implements RegistryState {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: PostgresRegistryStateOptions) {
    this.#db = options.database;
    this.#clock = options.clock;
  }

  async repositories({ last, limit }: PageRequest): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('registry_repository')
      .select('name')
      .where('name', '>', last)
      .orderBy('name')
      .limit(limit)
      .execute();
    return rows.map((row) => row.name);
  }

  async hasRepository(repository: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('registry_repository')
      .select('name')
      .where('name', '=', repository)
      .executeTakeFirst();
    return row !== undefined;
  }

  async publish(publication: Publication): Promise<boolean> {
    const work = (): Promise<boolean> =>
      this.#db.transaction().execute(async (tx) => {
        if (!(await this.publishWithin(tx, publication))) throw new NotAsExpected();
        return true;
      });
    try {
      return await (isSingleBlob(publication) ? work() : this.#inTurn(publication, work));
    } catch (error) {
      if (error instanceof NotAsExpected) return false;
      throw error;
    }
  }

  /** Runs a change after those of the same repository that came before it, however they end. */
  async #inTurn<T>(
    { repository }: { readonly repository: string },
    change: () => Promise<T>,
  ): Promise<T> {
    const done = (this.#turns.get(repository) ?? Promise.resolve()).then(change);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(repository, settled);
    try {
      return await done;
    } finally {
      if (this.#turns.get(repository) === settled) this.#turns.delete(repository);
    }
  }

  /**
   * `publish` as a part of the caller's transaction, so that a tag moves together with other records. The caller
   * rolls back when this returns false or throws.
   */
  async publishWithin(tx: Transaction<Database>, publication: Publication): Promise<boolean> {
    const { repository, blobs, manifests, tags } = publication;
    if (!isSingleBlob(publication)) await lockRepository(tx, repository);
    await tx
      .insertInto('registry_repository')
      .values({ name: repository, created_at: this.#clock.now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    if (blobs.length > 0) await insertBlobs(tx, publication);
    if (manifests.length > 0) await upsertManifests(tx, publication);
    for (const move of tags) if (!(await this.#move(tx, repository, move))) return false;
    return true;
  }

  async blobs(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    const rows = await this.#db
      .selectFrom('registry_blob')
      .select(['digest', 'size_bytes'])
      .where('repository', '=', repository)
      .where('digest', '=', anyOf(digests))
      .execute();
    return new Map(rows.map((row) => [parseDigest(row.digest), row.size_bytes]));
  }

  async unlinkBlob(repository: string, digest: Digest): Promise<boolean> {
    const result = await this.#db
      .deleteFrom('registry_blob')
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async manifests(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, RegistryManifest>> {
    const rows = await this.#db
      .selectFrom('registry_manifest')
      .selectAll()
      .where('repository', '=', repository)
      .where('digest', '=', anyOf(digests))
      .execute();
    return new Map(rows.map((row) => [parseDigest(row.digest), manifestOf(row)]));
  }

  async deleteManifest(repository: string, digest: Digest): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      await lockRepository(tx, repository);
      const tags = await tx
        .deleteFrom('registry_tag')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .returning('tag')
        .execute();
      for (const { tag } of tags) await this.#recordDeletion(tx, repository, tag);
      const result = await tx
        .deleteFrom('registry_manifest')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    });
  }

  async referrers(
    repository: string,
    subject: Digest,
    { last, limit, artifactType }: PageRequest & { readonly artifactType: string | undefined },
  ): Promise<readonly RegistryManifest[]> {
    let query = this.#db
      .selectFrom('registry_manifest')
      .selectAll()
      .where('repository', '=', repository)
      .where('subject', '=', subject)
      .where('digest', '>', last);
    if (artifactType !== undefined) query = query.where('artifact_type', '=', artifactType);
    return (await query.orderBy('digest').limit(limit).execute()).map(manifestOf);
  }

  async tag(repository: string, tag: string): Promise<RegistryTag | undefined> {
    const row = await this.#db
      .selectFrom('registry_tag')
      .selectAll()
      .where('repository', '=', repository)
      .where('tag', '=', tag)
      .executeTakeFirst();
    return row && tagOf(row);
  }

  async tags(repository: string, { last, limit }: PageRequest): Promise<readonly RegistryTag[]> {
    const rows = await this.#db
      .selectFrom('registry_tag')
      .selectAll()
      .where('repository', '=', repository)
      .where('tag', '>', last)
      .orderBy('tag')
      .limit(limit)
      .execute();
    return rows.map(tagOf);
  }

  async tagsOf(repository: string, digest: Digest): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('registry_tag')
      .select('tag')
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .orderBy('tag')
      .execute();
    return rows.map((row) => row.tag);
  }

  moveTag(repository: string, move: TagMove): Promise<boolean> {
    return this.publish({ repository, blobs: [], manifests: [], tags: [move] });
  }

  async deleteTag(repository: string, tag: string): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      await lockRepository(tx, repository);
      const result = await tx
        .deleteFrom('registry_tag')
        .where('repository', '=', repository)
        .where('tag', '=', tag)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      await this.#recordDeletion(tx, repository, tag);
      return true;
    });
  }

  async tagHistory(
    repository: string,
    { tag, before, limit }: TagHistoryRequest,
  ): Promise<readonly TagEvent[]> {
    let query = this.#db
      .selectFrom('registry_tag_event')
      .select(['id', 'tag', 'digest', 'at'])
      .where('repository', '=', repository);
    if (tag !== undefined) query = query.where('tag', '=', tag);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query.orderBy('id', 'desc').limit(limit).execute();
    return rows.map(({ id, digest, ...row }) => ({
      sequence: id,
      digest: digestOrNone(digest),
      ...row,
    }));
  }

  /** False when the tag is not where it is expected. Throws `REGISTRY_TAG_TARGET_UNKNOWN`. */
  async #move(
    tx: Transaction<Database>,
    repository: string,
    { tag, digest, expected }: TagMove,
  ): Promise<boolean> {
    const target = await tx
      .selectFrom('registry_manifest')
      .select('digest')
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .executeTakeFirst();
    if (target === undefined) throw tagTargetUnknown(repository, tag, digest);
    const current = await tx
      .selectFrom('registry_tag')
      .select('digest')
      .where('repository', '=', repository)
      .where('tag', '=', tag)
      .executeTakeFirst();
    if (expected !== 'any' && expected !== (current?.digest ?? 'absent')) return false;
    if (current?.digest === digest) return true;
    const at = this.#clock.now();
    await tx
      .insertInto('registry_tag')
      .values({ repository, tag, digest, moved_at: at })
      .onConflict((conflict) =>
        conflict.columns(['repository', 'tag']).doUpdateSet({ digest, moved_at: at }),
      )
      .execute();
    await tx.insertInto('registry_tag_event').values({ repository, tag, digest, at }).execute();
    return true;
  }

  async #recordDeletion(tx: Transaction<Database>, repository: string, tag: string): Promise<void> {
    await tx
      .insertInto('registry_tag_event')
      .values({ repository, tag, digest: null, at: this.#clock.now() })
      .execute();
  }
}

/** Nothing in it can be out of order: whoever comes first, the rows are the same, and they are taken in one order. */
function isSingleBlob({ blobs, manifests, tags }: Publication): boolean {
  return blobs.length === 1 && manifests.length === 0 && tags.length === 0;
}

async function lockRepository(tx: Transaction<Database>, repository: string): Promise<void> {
  const name = `kiln.registry.${repository}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}

async function insertBlobs(
  tx: Transaction<Database>,
  { repository, blobs }: Publication,
): Promise<void> {
  await tx
    .insertInto('registry_blob')
    .values(blobs.map(({ digest, sizeBytes }) => ({ repository, digest, size_bytes: sizeBytes })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The same bytes pushed under another media type replace what is known of them. */
async function upsertManifests(
  tx: Transaction<Database>,
  { repository, manifests }: Publication,
): Promise<void> {
  for (const manifest of manifests) {
    const row = {
      media_type: manifest.mediaType,
      size_bytes: manifest.sizeBytes,
      subject: manifest.subject ?? null,
      artifact_type: manifest.artifactType ?? null,
      annotations: JSON.stringify(manifest.annotations),
    };
    await tx
      .insertInto('registry_manifest')
      .values({ repository, digest: manifest.digest, ...row })
      .onConflict((conflict) => conflict.columns(['repository', 'digest']).doUpdateSet(row))
      .execute();
  }
}

/** One array parameter, whatever the number of digests; `in` would need a parameter each, and at least one. */
function anyOf(digests: readonly Digest[]): ReturnType<typeof sql<string>> {
  return sql<string>`any(${[...digests]}::text[])`;
}

function digestOrNone(text: string | null): Digest | undefined {
  return text === null ? undefined : parseDigest(text);
}

function tagOf(row: RegistryTagRow): RegistryTag {
  const { repository, tag, digest, moved_at: movedAt } = row;
  return { repository, tag, digest: parseDigest(digest), movedAt };
}

function manifestOf(row: Selectable<RegistryManifestRow>): RegistryManifest {
  return {
    repository: row.repository,
    digest: parseDigest(row.digest),
    mediaType: row.media_type,
    sizeBytes: row.size_bytes,
    subject: digestOrNone(row.subject),
    artifactType: row.artifact_type ?? undefined,
    annotations: row.annotations as Readonly<Record<string, string>>,
  };
}
