import type { Digest } from '@kiln/base';
import { compareBytes, parseDigest, sortUnique } from '@kiln/base';
import { touchEveryMs } from '@kiln/blobs';
import type { PlannedMove, Publication, ShownBefore } from '@kiln/factory';
import { contentUnknown } from '@kiln/factory';
import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { bytesOfDigests } from './digest-bytes.ts';

/*
 * What publications write, each table in one statement with one array for each column. Rows go in sorted by their keys, so
 * that neighbours fall on one page of an index.
 */

/** The repositories that publications name, each once, sorted: the order in which they are locked. */
export function repositoriesOf(publications: readonly Publication[]): readonly string[] {
  return sortUnique(publications.map(({ repository }) => repository));
}

/** Nothing in it can be out of order: whoever comes first, the rows are the same, and they are taken in one order. */
export function isSingleBlob({ blobs, manifests, tags }: Publication): boolean {
  return blobs.length === 1 && manifests.length === 0 && tags.length === 0;
}

/** Until the transaction ends; the names are sorted. */
export async function lockRepositories(
  tx: Transaction<Database>,
  repositories: readonly string[],
): Promise<void> {
  const names = repositories.map((repository) => `kiln.registry.${repository}`);
  await sql`
    select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${names}::text[]) as name
  `.execute(tx);
}

/** Where the tags of publications are, and which of their targets are manifests. */
export async function shownBefore(
  tx: Transaction<Database>,
  publications: readonly Publication[],
): Promise<ShownBefore> {
  const wanted = publications.flatMap(({ repository, tags }) =>
    tags.map(({ tag, digest }) => ({ repository, tag, digest })),
  );
  if (wanted.length === 0) return { hasManifest: () => false, tag: () => undefined };
  const repositories = wanted.map(({ repository }) => repository);
  const manifests = await sql<{ repository: string; digest: string }>`
    select distinct repository, digest from registry_manifest
    join unnest(${repositories}::text[], ${wanted.map(({ digest }) => digest)}::text[])
      as wanted (repository, digest) using (repository, digest)
  `.execute(tx);
  const tags = await sql<{ repository: string; tag: string; digest: string }>`
    select distinct repository, tag, registry_tag.digest from registry_tag
    join unnest(${repositories}::text[], ${wanted.map(({ tag }) => tag)}::text[])
      as wanted (repository, tag) using (repository, tag)
  `.execute(tx);
  const known = new Set(manifests.rows.map((row) => `${row.repository} ${row.digest}`));
  const at = new Map(tags.rows.map((row) => [`${row.repository} ${row.tag}`, row.digest]));
  return {
    hasManifest: (repository, digest) => known.has(`${repository} ${digest}`),
    tag: (repository, tag) => at.get(`${repository} ${tag}`) as Digest | undefined,
  };
}

export async function insertRepositories(
  tx: Transaction<Database>,
  repositories: readonly string[],
  createdAt: number,
): Promise<void> {
  if (repositories.length === 0) return;
  await sql`
    insert into registry_repository (name, created_at)
    select name, ${createdAt} from unnest(${[...repositories]}::text[]) as name
    on conflict do nothing
  `.execute(tx);
}

/** Of what is shown already nothing is written but when it was used last, and that once an hour. */
export async function linkBlobs(
  tx: Transaction<Database>,
  publications: readonly Publication[],
  now: number,
): Promise<void> {
  const rows = lastOfEach(
    publications.flatMap(({ repository, blobs }) => blobs.map((blob) => ({ ...blob, repository }))),
  );
  if (rows.length === 0) return;
  await sql`
    insert into registry_blob (repository, digest, size_bytes, linked_at, sha512)
    select repository, digest, size_bytes, ${now}, sha512
    from unnest(
      ${rows.map(({ repository }) => repository)}::text[],
      ${rows.map(({ digest }) => digest)}::text[],
      ${rows.map(({ sizeBytes }) => sizeBytes)}::bigint[],
      ${rows.map(({ sha512 }) => sha512 ?? null)}::text[]
    ) as given (repository, digest, size_bytes, sha512)
    on conflict (repository, digest) do update set
      linked_at = excluded.linked_at,
      sha512 = coalesce(excluded.sha512, registry_blob.sha512)
    where registry_blob.linked_at < excluded.linked_at - ${touchEveryMs}
      or (registry_blob.sha512 is null and excluded.sha512 is not null)
  `.execute(tx);
}

/**
 * The same bytes pushed under another media type replace what is known of them. What is known already is written once an
 * hour.
 */
export async function upsertManifests(
  tx: Transaction<Database>,
  publications: readonly Publication[],
  now: number,
): Promise<void> {
  const rows = lastOfEach(
    publications.flatMap(({ repository, manifests }) =>
      manifests.map((manifest) => ({ ...manifest, repository })),
    ),
  );
  if (rows.length === 0) return;
  await sql`
    insert into registry_manifest
      (repository, digest, media_type, size_bytes, subject, artifact_type, annotations, holds, sha512, pushed_at)
    select repository, digest, media_type, size_bytes, subject, artifact_type, annotations::json, holds, sha512, ${now}
    from unnest(
      ${rows.map(({ repository }) => repository)}::text[],
      ${rows.map(({ digest }) => digest)}::text[],
      ${rows.map(({ mediaType }) => mediaType)}::text[],
      ${rows.map(({ sizeBytes }) => sizeBytes)}::bigint[],
      ${rows.map(({ subject }) => subject ?? null)}::text[],
      ${rows.map(({ artifactType }) => artifactType ?? null)}::text[],
      ${rows.map(({ annotations }) => JSON.stringify(annotations))}::text[],
      ${rows.map(({ holds }) => (holds === undefined ? null : bytesOfDigests(holds)))}::bytea[],
      ${rows.map(({ sha512 }) => sha512 ?? null)}::text[]
    ) as given (repository, digest, media_type, size_bytes, subject, artifact_type, annotations, holds, sha512)
    on conflict (repository, digest) do update set
      media_type = excluded.media_type,
      size_bytes = excluded.size_bytes,
      subject = excluded.subject,
      artifact_type = excluded.artifact_type,
      annotations = excluded.annotations,
      holds = coalesce(excluded.holds, registry_manifest.holds),
      sha512 = coalesce(excluded.sha512, registry_manifest.sha512),
      pushed_at = excluded.pushed_at
    where registry_manifest.pushed_at < excluded.pushed_at - ${touchEveryMs}
      or (registry_manifest.media_type, registry_manifest.subject, registry_manifest.artifact_type)
        is distinct from (excluded.media_type, excluded.subject, excluded.artifact_type)
      or registry_manifest.annotations::text <> excluded.annotations::text
      or (registry_manifest.holds is null and excluded.holds is not null)
      or (registry_manifest.sha512 is null and excluded.sha512 is not null)
  `.execute(tx);
}

/** What the manifests hold is shown, by these publications or before them. Throws `REGISTRY_CONTENT_UNKNOWN`. */
export async function requireContent(
  tx: Transaction<Database>,
  publications: readonly Publication[],
): Promise<void> {
  const shown = new Set(
    publications.flatMap(({ repository, blobs, manifests }) =>
      [...blobs, ...manifests].map(({ digest }) => `${repository} ${digest}`),
    ),
  );
  const wanted = lastOfEach(
    publications.flatMap(({ repository, manifests }) =>
      manifests.flatMap(({ holds = [] }) => holds.map((digest) => ({ repository, digest }))),
    ),
  ).filter(({ repository, digest }) => !shown.has(`${repository} ${digest}`));
  if (wanted.length === 0) return;
  const { rows } = await sql<{ repository: string; digest: string }>`
    select repository, digest
    from unnest(
      ${wanted.map(({ repository }) => repository)}::text[],
      ${wanted.map(({ digest }) => digest)}::text[]
    ) as held (repository, digest)
    where not exists (select from registry_blob b where b.repository = held.repository and b.digest = held.digest)
      and not exists (select from registry_manifest m where m.repository = held.repository and m.digest = held.digest)
    limit 1
  `.execute(tx);
  const [missing] = rows;
  if (missing !== undefined) throw contentUnknown(missing.repository, parseDigest(missing.digest));
}

/** Moves tags and tells their history. */
export async function insertMoves(
  tx: Transaction<Database>,
  moves: readonly PlannedMove[],
  at: number,
): Promise<void> {
  if (moves.length === 0) return;
  const columns = (of: readonly PlannedMove[]) => sql`
    unnest(
      ${of.map(({ repository }) => repository)}::text[],
      ${of.map(({ tag }) => tag)}::text[],
      ${of.map(({ digest }) => digest)}::text[],
      ${of.map(({ sha512 }) => sha512 ?? null)}::text[]
    ) with ordinality as move (repository, tag, digest, sha512, number)`;
  const last = new Map(moves.map((move) => [`${move.repository} ${move.tag}`, move]));
  await sql`
    insert into registry_tag (repository, tag, digest, sha512, moved_at)
    select repository, tag, digest, sha512, ${at} from ${columns([...last.values()])}
    on conflict (repository, tag) do update set
      digest = excluded.digest,
      sha512 = excluded.sha512,
      moved_at = excluded.moved_at
  `.execute(tx);
  await sql`
    insert into registry_tag_event (repository, tag, digest, at)
    select repository, tag, digest, ${at} from ${columns(moves)} order by number
  `.execute(tx);
}

/** Of rows with one repository and digest the last, sorted. */
function lastOfEach<Row extends { readonly repository: string; readonly digest: Digest }>(
  rows: readonly Row[],
): readonly Row[] {
  const byKey = new Map(rows.map((row) => [`${row.repository} ${row.digest}`, row]));
  return [...byKey].sort(([a], [b]) => compareBytes(a, b)).map(([, row]) => row);
}
