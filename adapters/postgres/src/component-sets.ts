import { createHash } from 'node:crypto';
import type { Digest } from '@kiln/base';
import { assert, compareBytes } from '@kiln/base';
import type { Component, Publication } from '@kiln/factory';
import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** How often sets are looked for that a sweep may remove in between. */
const roundsMax = 4;

/** What one image is made of, each component once and in order. */
interface Described {
  readonly repository: string;
  readonly digest: Digest;
  readonly components: readonly Component[];
  /** The digest of the set, in hexadecimal digits. */
  readonly set: string;
}

/**
 * Says what images are made of, in the transaction that shows them. For images whose sets of components are known this is
 * two statements, however many there are.
 */
export async function writeComponents(
  tx: Transaction<Database>,
  publications: readonly Publication[],
): Promise<void> {
  const described = publications.flatMap(({ repository, components = [] }) =>
    components.map((one) => describe(repository, one.digest, one.components)),
  );
  if (described.length === 0) return;
  const ids = await idsOfSets(tx, described);
  await sql`
    update registry_manifest m set component_set = given.component_set
    from unnest(
      ${described.map(({ repository }) => repository)}::text[],
      ${described.map(({ digest }) => digest)}::text[],
      ${described.map(({ set }) => ids.get(set))}::integer[]
    ) as given (repository, digest, component_set)
    where m.repository = given.repository and m.digest = given.digest
      and m.component_set is distinct from given.component_set
  `.execute(tx);
}

function describe(repository: string, digest: Digest, components: readonly Component[]): Described {
  const byLine = new Map(components.map((one) => [lineOf(one), one]));
  const sorted = [...byLine].sort(([a], [b]) => compareBytes(a, b));
  const hash = createHash('sha256');
  for (const [line] of sorted) hash.update(line);
  return { repository, digest, components: sorted.map(([, one]) => one), set: hash.digest('hex') };
}

function lineOf({ name, version, type }: Component): string {
  return `${name}\n${version}\n${type}\n`;
}

/**
 * The numbers of sets by their digests; they stay until the transaction ends. Everything is added in one order, so that
 * transactions that add the same wait for each other and not in a circle.
 */
async function idsOfSets(
  tx: Transaction<Database>,
  described: readonly Described[],
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Map(described.map((one) => [one.set, one]));
  for (let round = 0; round < roundsMax; round += 1) {
    const { rows } = await sql<{ id: number; set: string }>`
      select id, encode(digest, 'hex') as set from component_set
      where digest = any(${[...wanted.keys()].map((set) => Buffer.from(set, 'hex'))}::bytea[])
      order by digest for key share`.execute(tx);
    const known = new Map(rows.map((row) => [row.set, row.id]));
    if (known.size === wanted.size) return known;
    await addSets(
      tx,
      [...wanted.values()]
        .filter(({ set }) => !known.has(set))
        .sort((a, b) => compareBytes(a.set, b.set)),
    );
  }
  throw new Error('assertion failed: a set of components that is there or is not');
}

/** Those that another transaction added meanwhile are left as they are. */
async function addSets(tx: Transaction<Database>, sets: readonly Described[]): Promise<void> {
  const ids = await idsOfComponents(tx, sets);
  for (const { set, components } of sets) {
    const members = components.map((one) => {
      const id = ids.get(lineOf(one));
      assert(id !== undefined, 'what was added is there');
      return id;
    });
    const row = await tx
      .insertInto('component_set')
      .values({ digest: Buffer.from(set, 'hex'), members })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (row === undefined) continue;
    await sql`insert into component_in_set (component, component_set)
      select unnest(${members}::integer[]), ${row.id}::integer`.execute(tx);
  }
}

/** The numbers of all components of these sets; those that are new get one. */
async function idsOfComponents(
  tx: Transaction<Database>,
  sets: readonly Described[],
): Promise<ReadonlyMap<string, number>> {
  const byLine = new Map(
    sets.flatMap(({ components }) => components.map((one) => [lineOf(one), one] as const)),
  );
  const components = [...byLine].sort(([a], [b]) => compareBytes(a, b)).map(([, one]) => one);
  const known = await knownIds(tx, components);
  const missing = components.filter((one) => !known.has(lineOf(one)));
  if (missing.length === 0) return known;
  await sql`
    insert into component (type, name, version)
    select type, name, version
    from unnest(
      ${missing.map(({ type }) => type)}::text[],
      ${missing.map(({ name }) => name)}::text[],
      ${missing.map(({ version }) => version)}::text[]
    ) with ordinality as given (type, name, version, number)
    order by number
    on conflict (name, version, type) do nothing
  `.execute(tx);
  for (const [line, id] of await knownIds(tx, missing)) known.set(line, id);
  return known;
}

async function knownIds(
  tx: Transaction<Database>,
  components: readonly Component[],
): Promise<Map<string, number>> {
  const { rows } = await sql<Component & { readonly id: number }>`
    select component.id, component.type, component.name, component.version from component
    join unnest(
      ${components.map(({ name }) => name)}::text[],
      ${components.map(({ version }) => version)}::text[],
      ${components.map(({ type }) => type)}::text[]
    ) as given (name, version, type) using (name, version, type)`.execute(tx);
  return new Map(rows.map((row) => [lineOf(row), row.id]));
}
