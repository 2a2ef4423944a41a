import { KilnError, parseDigest, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';
import type {
  Component,
  ComponentIndex,
  ComponentVersion,
  ImagesWithPage,
  ImagesWithRequest,
} from '@kiln/factory';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Database } from './database.ts';

/** Where a page ends: in this set, after this image. Later sets come first. */
interface Place {
  readonly set: number;
  readonly repository: string;
  readonly digest: string;
}

const beginning: Place = { set: 2 ** 31 - 1, repository: '', digest: '' };

/** How many images a page of tagged ones looks at: most versions of an image have no tag any more. */
const lookedAtMax = 200;

const placeSchema = z.tuple([z.number().int(), z.string(), z.string()]);

/** `ComponentIndex` over the tables that `writeComponents` fills. */
export class PostgresComponentIndex implements ComponentIndex {
  readonly #db: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#db = database;
  }

  async versions(name: string, limit: number): Promise<readonly ComponentVersion[]> {
    return this.#db
      .selectFrom('component')
      .select(['id', 'type', 'name', 'version'])
      .where('name', '=', name)
      .limit(limit)
      .execute();
  }

  async imagesWith(request: ImagesWithRequest): Promise<ImagesWithPage> {
    const { components, limit, tagged } = request;
    const from = request.after === undefined ? beginning : parsePlace(request.after);
    // One more says whether there are any more.
    const lookAt = tagged ? Math.max(lookedAtMax, limit + 1) : limit + 1;
    const sets = await this.#setsWith(components, from.set, lookAt);
    const found = await this.#imagesOf(sets, from, lookAt);
    const wanted = found.filter((one) => !tagged || one.tags.length > 0);
    const page = wanted.slice(0, limit);
    const members = await this.#membersAmong([...new Set(page.map((one) => one.set))], components);
    return {
      images: page.map(({ repository, digest, tags, set }) => ({
        repository,
        digest: parseDigest(digest),
        tags,
        components: members.get(set) ?? [],
      })),
      next: nextPlace({ found, wanted, page, sets, lookAt }),
    };
  }

  async componentsOf(
    repository: string,
    digest: Digest,
  ): Promise<readonly Component[] | undefined> {
    const row = await this.#db
      .selectFrom('registry_manifest as m')
      .innerJoin('component_set as s', 's.id', 'm.component_set')
      .select('s.members')
      .where('m.repository', '=', repository)
      .where('m.digest', '=', digest)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return this.#db
      .selectFrom('component')
      .select(['type', 'name', 'version'])
      .where(sql<boolean>`id = any(${[...row.members]}::integer[])`)
      .orderBy('name')
      .orderBy('version')
      .execute();
  }

  /** The newest sets with any of the components, up to one of them. */
  async #setsWith(
    components: readonly number[],
    newest: number,
    limit: number,
  ): Promise<readonly number[]> {
    const { rows } = await sql<{ set: number }>`
      select distinct found.set from unnest(${[...components]}::integer[]) as asked (id)
      cross join lateral (
        select component_set as set from component_in_set
        where component = asked.id and component_set <= ${newest}
        order by component_set desc limit ${limit}) as found
      order by found.set desc limit ${limit}`.execute(this.#db);
    return rows.map((row) => row.set);
  }

  /** The images of sets, which come newest first, after a place. */
  async #imagesOf(
    sets: readonly number[],
    from: Place,
    limit: number,
  ): Promise<readonly FoundImage[]> {
    if (sets.length === 0) return [];
    const { rows } = await sql<FoundImage>`
      select image.repository, image.digest, image.component_set as set,
        array(select tag from registry_tag t
          where t.repository = image.repository and t.digest = image.digest order by tag) as tags
      from unnest(${[...sets]}::integer[]) as asked (set)
      cross join lateral (
        select repository, digest, component_set from registry_manifest m
        where m.component_set = asked.set
          and (asked.set < ${from.set} or (m.repository, m.digest) > (${from.repository}, ${from.digest}))
        order by repository, digest limit ${limit}) as image
      order by image.component_set desc, image.repository, image.digest limit ${limit}`.execute(
      this.#db,
    );
    return rows;
  }

  async #membersAmong(
    sets: readonly number[],
    components: readonly number[],
  ): Promise<ReadonlyMap<number, readonly number[]>> {
    const { rows } = await sql<{ id: number; members: readonly number[] }>`
      select id, array(select unnest(members) intersect select unnest(${[...components]}::integer[]) order by 1) as members
      from component_set where id = any(${[...sets]}::integer[])`.execute(this.#db);
    return new Map(rows.map((row) => [row.id, row.members]));
  }
}

interface FoundImage extends Place {
  readonly tags: readonly string[];
}

function nextPlace(page: {
  readonly found: readonly FoundImage[];
  readonly wanted: readonly FoundImage[];
  readonly page: readonly FoundImage[];
  readonly sets: readonly number[];
  readonly lookAt: number;
}): string | undefined {
  const { found, wanted, sets, lookAt } = page;
  if (wanted.length > page.page.length) return printPlace(page.page.at(-1) ?? beginning);
  if (found.length === lookAt) return printPlace(found.at(-1) ?? beginning);
  if (sets.length < lookAt) return undefined;
  return printPlace({ set: (sets.at(-1) ?? 0) - 1, repository: '', digest: '' });
}

function printPlace({ set, repository, digest }: Place): string {
  return Buffer.from(JSON.stringify([set, repository, digest])).toString('base64url');
}

/** Throws `COMPONENT_CURSOR`. */
function parsePlace(text: string): Place {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const [set, repository, digest] = placeSchema.parse(value);
    return { set, repository, digest };
  } catch (error) {
    throw new KilnError('COMPONENT_CURSOR', `not a place in a list of images: "${shorten(text)}"`, {
      hint: 'give what the page before gave as next, or nothing for the first',
      cause: error,
    });
  }
}
