import type { Clock, Digest, OciDigest, Sha512Digest } from '@kiln/base';
import { isSha512Digest, parseDigest } from '@kiln/base';
import { touchEveryMs } from '@kiln/blobs';
import type {
  PageRequest,
  Publication,
  RegistryManifest,
  RegistryState,
  RegistryTag,
  RepositorySummary,
  SummariesRequest,
  TagEvent,
  TagHistoryRequest,
  TagMove,
} from '@kiln/factory';
import { planPublications } from '@kiln/factory';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import { writeComponents } from './component-sets.ts';
import type { Database } from './database.ts';
import { digestsOfBytes } from './digest-bytes.ts';
import {
  insertMoves,
  insertRepositories,
  isSingleBlob,
  linkBlobs,
  lockRepositories,
  repositoriesOf,
  requireContent,
  shownBefore,
  upsertManifests,
} from './registry-writes.ts';
import type { RegistryManifestRow, RegistryTagRow } from './registry-tables.ts';
import { readNewestEvents, readSummaries } from './repository-summaries.ts';

export interface PostgresRegistryStateOptions {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
}

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

  async summaries(request: SummariesRequest): Promise<readonly RepositorySummary[]> {
    return readSummaries(this.#db, request);
  }

  async publish(publication: Publication): Promise<boolean> {
    const work = async (): Promise<boolean> =>
      this.#db.transaction().execute(async (tx) => this.publishWithin(tx, publication));
    if (isSingleBlob(publication)) return work();
    return this.#inTurn([publication.repository], work);
  }

  async publishMany(publications: readonly Publication[]): Promise<readonly boolean[]> {
    if (publications.length === 0) return [];
    return this.#inTurn(repositoriesOf(publications), () =>
      this.#db.transaction().execute(async (tx) => this.publishManyWithin(tx, publications)),
    );
  }

  /** Runs a change after those of the same repositories that came before it, however they end. */
  async #inTurn<T>(repositories: readonly string[], change: () => Promise<T>): Promise<T> {
    const before = Promise.all(
      repositories.map((repository) => this.#turns.get(repository) ?? Promise.resolve()),
    );
    const done = before.then(change);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    for (const repository of repositories) this.#turns.set(repository, settled);
    try {
      return await done;
    } finally {
      for (const repository of repositories)
        if (this.#turns.get(repository) === settled) this.#turns.delete(repository);
    }
  }

  /**
   * `publish` as a part of the caller's transaction, so that a tag moves together with other records. The caller
   * rolls back when this throws; nothing was changed when it returns false.
   */
  async publishWithin(tx: Transaction<Database>, publication: Publication): Promise<boolean> {
    const [published] = await this.publishManyWithin(tx, [publication]);
    return published === true;
  }

  /** `publishMany` as a part of the caller's transaction, which is rolled back when this throws. */
  async publishManyWithin(
    tx: Transaction<Database>,
    publications: readonly Publication[],
  ): Promise<readonly boolean[]> {
    const [first, ...others] = publications;
    if (first === undefined) return [];
    if (others.length > 0 || !isSingleBlob(first))
      await lockRepositories(tx, repositoriesOf(publications));
    const { published, moves } = planPublications(
      publications,
      await shownBefore(tx, publications),
    );
    const accepted = publications.filter((_, at) => published[at]);
    const now = this.#clock.now();
    await insertRepositories(tx, repositoriesOf(accepted), now);
    await linkBlobs(tx, accepted, now);
    await upsertManifests(tx, accepted, now);
    await requireContent(tx, accepted);
    await writeComponents(tx, accepted);
    await insertMoves(tx, moves, now);
    return published;
  }

  async named(
    repository: string,
    names: readonly Sha512Digest[],
  ): Promise<ReadonlyMap<Sha512Digest, Digest>> {
    const { rows } = await sql<{ sha512: Sha512Digest; digest: string }>`
      select sha512, digest from registry_blob where repository = ${repository} and sha512 = ${anyOf(names)}
      union select sha512, digest from registry_manifest where repository = ${repository} and sha512 = ${anyOf(names)}
    `.execute(this.#db);
    return new Map(rows.map((row) => [row.sha512, parseDigest(row.digest)]));
  }

  async renew(repository: string, digest: Digest): Promise<void> {
    const now = this.#clock.now();
    await this.#db
      .updateTable('registry_blob')
      .set({ linked_at: now })
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .where('linked_at', '<', now - touchEveryMs)
      .execute();
    await this.#db
      .updateTable('registry_manifest')
      .set({ pushed_at: now })
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .where('pushed_at', '<', now - touchEveryMs)
      .execute();
  }

  blobs(repository: string, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>> {
    return this.#sizes('registry_blob', repository, digests);
  }

  manifestSizes(
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    return this.#sizes('registry_manifest', repository, digests);
  }

  async #sizes(
    table: 'registry_blob' | 'registry_manifest',
    repository: string,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    const rows = await this.#db
      .selectFrom(table)
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
      await lockRepositories(tx, [repository]);
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
    subject: OciDigest,
    { last, limit, artifactType }: PageRequest & { readonly artifactType: string | undefined },
  ): Promise<readonly RegistryManifest[]> {
    let query = this.#db
      .selectFrom('registry_manifest')
      .selectAll()
      .where('repository', '=', repository)
      .where('subject', '=', namesOf(repository, subject))
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

  async deleteTag(repository: string, tag: string, from?: Digest): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      await lockRepositories(tx, [repository]);
      let deletion = tx
        .deleteFrom('registry_tag')
        .where('repository', '=', repository)
        .where('tag', '=', tag);
      if (from !== undefined) deletion = deletion.where('digest', '=', from);
      const result = await deletion.executeTakeFirst();
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

  async newestEvents(repositories: readonly string[]): Promise<ReadonlyMap<string, TagEvent>> {
    return readNewestEvents(this.#db, repositories);
  }

  async newestSequence(): Promise<number> {
    const row = await this.#db
      .selectFrom('registry_tag_event')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.id ?? 0;
  }

  async #recordDeletion(tx: Transaction<Database>, repository: string, tag: string): Promise<void> {
    await tx
      .insertInto('registry_tag_event')
      .values({ repository, tag, digest: null, at: this.#clock.now() })
      .execute();
  }
}

/** One array parameter, whatever the number of digests; `in` would need a parameter each, and at least one. */
function anyOf(digests: readonly OciDigest[]): ReturnType<typeof sql<string>> {
  return sql<string>`any(${[...digests]}::text[])`;
}

/** Whatever a manifest of the repository is called, itself in any case. As an array, so that an index serves it. */
function namesOf(repository: string, name: OciDigest): ReturnType<typeof sql<string>> {
  const others = isSha512Digest(name)
    ? sql`select digest from registry_manifest where repository = ${repository} and sha512 = ${name}`
    : sql`select sha512 from registry_manifest where repository = ${repository} and digest = ${name}`;
  return sql<string>`any(array(select ${name}::text union all ${others}))`;
}

/** What a column of names holds. */
function nameOrNone(text: string | null): OciDigest | undefined {
  return text !== null && isSha512Digest(text) ? text : digestOrNone(text);
}

function sha512OrNone(text: string | null): Sha512Digest | undefined {
  return text !== null && isSha512Digest(text) ? text : undefined;
}

function digestOrNone(text: string | null): Digest | undefined {
  return text === null ? undefined : parseDigest(text);
}

function tagOf(row: RegistryTagRow): RegistryTag {
  const { repository, tag, digest, sha512, moved_at: movedAt } = row;
  return {
    repository,
    tag,
    digest: parseDigest(digest),
    ...(sha512 === null ? {} : { sha512: sha512OrNone(sha512) }),
    movedAt,
  };
}

function manifestOf(row: Selectable<RegistryManifestRow>): RegistryManifest {
  return {
    repository: row.repository,
    digest: parseDigest(row.digest),
    mediaType: row.media_type,
    sizeBytes: row.size_bytes,
    ...(row.sha512 === null ? {} : { sha512: sha512OrNone(row.sha512) }),
    subject: nameOrNone(row.subject),
    artifactType: row.artifact_type ?? undefined,
    annotations: row.annotations as Readonly<Record<string, string>>,
    ...(row.holds === null ? {} : { holds: digestsOfBytes(row.holds) }),
  };
}
