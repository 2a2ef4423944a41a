import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Digest } from '@kiln/base';
import { parseDigest, seededRandom } from '@kiln/base';
import {
  PostgresComponentIndex,
  PostgresRegistryState,
  PostgresRetention,
  connect,
  migrate,
  startEmbeddedPostgres,
} from '@kiln/postgres';
import type { Database } from '@kiln/postgres';
import { parseAtom, satisfies } from '@kiln/version';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * Fills a database with the history of a large catalog and measures what people and scanners ask it:
 * `node bench/images/catalog.ts --versions 340000 --repositories 2000`. Rows are made in SQL, as publications would leave them.
 * With `--home DIR` the database stays, and is measured again without being filled.
 */
const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '340000' },
    repositories: { type: 'string', default: '2000' },
    queries: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    /** Where the database stays, to be asked again without being filled. */
    home: { type: 'string' },
  },
});
const [versions, repositories, queries] = [
  Number(values.versions),
  Number(values.repositories),
  Number(values.queries),
];
const random = seededRandom(Number(values.seed));
const below = (limit: number): number => Math.floor(random.next() * limit);

/** Packages of the catalog, and how many of them an image has. */
const packages = 6000;
const packagesOfImage = 30;

/**
 * Version `n` is the `n / repositories`-th of repository `n % repositories`. An image has the ten packages that all have,
 * and twenty of its own; each has a new version every few rounds, so that hardly two versions of images are equal.
 */
async function fill(db: Kysely<Database>): Promise<void> {
  const rounds = Math.ceil(versions / repositories);
  const digest = (kind: string, n: string): string =>
    `'sha256:' || encode(sha256(('${kind} ' || ${n})::bytea), 'hex')`;
  const version = (p: string, round: string): string => `(${round} + ${p} % 12) / (3 + ${p} % 9)`;
  await run(
    db,
    'repositories',
    `
    insert into registry_repository select 'team/image-' || r, 0 from generate_series(0, ${repositories - 1}) r`,
  );
  await run(
    db,
    'components',
    `
    insert into component (type, name, version)
    select 'apk', 'package-' || p, '1.' || v || '-r0'
    from generate_series(0, ${packages - 1}) p, generate_series(0, (${rounds} + p % 12) / (3 + p % 9)) v`,
  );
  await run(db, 'analyze', 'analyze component');
  await run(
    db,
    'package lists',
    `
    insert into component_set (digest, members)
    select sha256(('set ' || n)::bytea), array_agg(c.id)
    from (
      select n, 'package-' || p as name, '1.' || ${version('p', `n / ${repositories}`)} || '-r0' as version
      from generate_series(0, ${versions - 1}) n, generate_series(0, ${packagesOfImage - 1}) k
      cross join lateral (select case when k < 10 then k
        else 10 + (n % ${repositories} * 131 + k * 977) % ${packages - 10} end as p) chosen) wanted
    join component c on c.type = 'apk' and c.name = wanted.name and c.version = wanted.version
    group by n order by n`,
  );
  await run(
    db,
    'packages to lists',
    `
    insert into component_in_set select unnest(members), id from component_set order by 1, 2`,
  );
  await run(
    db,
    'manifests',
    `
    insert into registry_manifest (repository, digest, media_type, size_bytes, annotations, pushed_at, holds, component_set)
    select 'team/image-' || n % ${repositories}, ${digest('index', 'n')}, 'application/vnd.oci.image.index.v1+json', 500, '{}'::json,
      n, sha256(('manifest ' || n)::bytea), s.id
    from generate_series(0, ${versions - 1}) n join component_set s on s.digest = sha256(('set ' || n)::bytea)
    union all
    select 'team/image-' || n % ${repositories}, ${digest('manifest', 'n')}, 'application/vnd.oci.image.manifest.v1+json', 1500, '{}'::json,
      n, sha256(('config ' || n)::bytea) || sha256(('layer ' || n)::bytea), null
    from generate_series(0, ${versions - 1}) n`,
  );
  await run(
    db,
    'blobs',
    `
    insert into registry_blob
    select 'team/image-' || n % ${repositories}, d, 1000, n from generate_series(0, ${versions - 1}) n
    cross join lateral (values (${digest('config', 'n')}), (${digest('layer', 'n')})) as blob (d)`,
  );
  await run(
    db,
    'tags',
    `
    insert into registry_tag
    select 'team/image-' || r, tag, ${digest('index', `((${rounds} - 1 - back) * ${repositories} + r)`)}, 0
    from generate_series(0, ${repositories - 1}) r
    cross join lateral (select 'latest' as tag, 0 as back union all select '1.' || b, b from generate_series(0, 19) b) t
    where (${rounds} - 1 - back) * ${repositories} + r < ${versions} and ${rounds} - 1 - back >= 0`,
  );
  await run(
    db,
    'history',
    `
    insert into registry_tag_event (repository, tag, digest, at)
    select 'team/image-' || n % ${repositories}, tag, ${digest('index', 'n')}, n
    from generate_series(0, ${versions - 1}) n
    cross join lateral (values ('latest'), ('1.' || (${rounds} - 1 - n / ${repositories}) % 20)) as t (tag) order by n`,
  );
  await run(db, 'vacuum', 'vacuum analyze');
}

async function run(db: Kysely<Database>, what: string, text: string): Promise<void> {
  const startedAt = performance.now();
  await sql.raw(text).execute(db);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stderr.write(`${what}: ${seconds} s\n`);
}

/** Runs a question many times, each time with other arguments, and prints milliseconds. */
async function measure(what: string, ask: () => Promise<unknown>): Promise<void> {
  for (let warm = 0; warm < 20; warm += 1) await ask();
  const times: number[] = [];
  for (let at = 0; at < queries; at += 1) {
    const startedAt = performance.now();
    await ask();
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const part = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  process.stdout.write(
    `${what.padEnd(52)} p50 ${part(0.5).padStart(6)} ms   p95 ${part(0.95).padStart(6)} ms   max ${part(1).padStart(6)} ms\n`,
  );
}

async function sizes(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ name: string; count: number; bytes: number }>`
    select relname as name, reltuples::bigint as count, pg_total_relation_size(oid) as bytes
    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples > 0
    order by bytes desc limit 8`.execute(db);
  for (const { name, count, bytes } of rows)
    process.stdout.write(
      `${name.padEnd(24)} ${String(count).padStart(10)} rows ${(bytes / 1e6).toFixed(0).padStart(6)} MB with indexes\n`,
    );
}

const repository = (): string => `team/image-${below(repositories)}`;

async function ask(db: Kysely<Database>): Promise<void> {
  const state = new PostgresRegistryState({ database: db, clock: { now: () => 0 } });
  const index = new PostgresComponentIndex(db);
  const idsOf = async (name: string, constraint: string): Promise<readonly number[]> => {
    const atom = parseAtom(`${name}${constraint}`);
    const found = await index.versions(name, 10_000);
    return found.filter((one) => satisfies(one.version, atom)).map((one) => one.id);
  };
  const uses = async (name: string, constraint: string, tagged: boolean): Promise<number> => {
    const components = await idsOf(name, constraint);
    if (components.length === 0) return 0;
    const page = await index.imagesWith({ components, tagged, after: undefined, limit: 100 });
    return page.images.length;
  };
  const rare = (): string => `package-${10 + below(packages - 10)}`;
  const common = (): string => `package-${below(10)}`;
  const newest = Math.floor(versions / repositories);
  const between = (): string => `<1.${1 + below(Math.max(1, Math.floor(newest / 6)))}-r0`;
  let digest: Digest | undefined;
  await measure('tag', async () => {
    digest = (await state.tag(repository(), 'latest'))?.digest;
  });
  await measure('tags of a repository, 100', () =>
    state.tags(repository(), { last: '', limit: 100 }),
  );
  await measure('history of a tag, 100', () =>
    state.tagHistory(repository(), { tag: 'latest', before: undefined, limit: 100 }),
  );
  await measure('history of a repository, second page of 100', async () => {
    const of = { tag: undefined, limit: 100 };
    const name = repository();
    const first = await state.tagHistory(name, { ...of, before: undefined });
    return state.tagHistory(name, { ...of, before: first.at(-1)?.sequence });
  });
  await measure('components of a digest', async () => {
    const name = repository();
    const tag = await state.tag(name, `1.${below(20)}`);
    return index.componentsOf(
      name,
      tag?.digest ?? digest ?? parseDigest(`sha256:${'0'.repeat(64)}`),
    );
  });
  for (const [kind, name] of [
    ['a package of few images', rare],
    ['a package of all images', common],
  ] as const) {
    const exact = (): string => `=1.${below(Math.max(1, Math.floor(newest / 12)))}-r0`;
    await measure(`images with ${kind}, one version`, () => uses(name(), exact(), false));
    await measure(`images with ${kind}, a range`, () => uses(name(), between(), false));
    await measure(`images with ${kind}, any`, () => uses(name(), '', false));
    await measure(`tagged images with ${kind}, a range`, () => uses(name(), between(), true));
    await measure(`tagged images with ${kind}, any`, () => uses(name(), '', true));
  }
}

/** What a sweep does to records: every repository walked, every name read. */
async function walk(db: Kysely<Database>): Promise<void> {
  const retention = new PostgresRetention(db);
  let startedAt = performance.now();
  for (const name of await retention.repositories()) await retention.contents(name);
  const walked = (performance.now() - startedAt) / 1000;
  startedAt = performance.now();
  let names = 0;
  for await (const { rows } of retention.names()) names += rows.length;
  const read = (performance.now() - startedAt) / 1000;
  process.stdout.write(
    `a sweep reads ${repositories} repositories in ${walked.toFixed(1)} s and ${names} names in ${read.toFixed(1)} s\n`,
  );
}

const home = values.home ?? mkdtempSync(join(tmpdir(), 'kiln-catalog-'));
const postgres = await startEmbeddedPostgres({ home });
const db = connect(postgres);
try {
  await migrate(db);
  const filled = await db.selectFrom('registry_repository').select('name').limit(1).execute();
  if (filled.length === 0) await fill(db);
  await sizes(db);
  await ask(db);
  await walk(db);
} finally {
  await db.destroy();
  await postgres.stop();
  if (values.home === undefined) rmSync(home, { recursive: true, force: true });
}
