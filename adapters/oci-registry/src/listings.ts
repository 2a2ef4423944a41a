import type { Digest, OciDigest } from '@kiln/base';
import { shorten } from '@kiln/base';
import type { RegistryManifest } from '@kiln/factory';
import { eachReferrer } from '@kiln/factory';
import type { RegistryContext, RegistryReply, RegistryRequest } from './exchange.ts';
import { jsonReply } from './exchange.ts';
import { isArtifactType } from './manifest-document.ts';
import { RegistryRefusal } from './refusal.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';

/** Clients read a referrers list as a manifest, so that a page has to stay below the size of one. */
const referrersPageBytes = 3 * 1024 * 1024;

/** The tags of a repository (end-8). */
export async function listTags(
  context: RegistryContext,
  request: RegistryRequest,
  { repository }: { readonly repository: string },
): Promise<RegistryReply> {
  const page = pageOf(request, context.limits.pageItemsMax);
  if (!(await context.state.hasRepository(repository))) {
    throw new RegistryRefusal('NAME_UNKNOWN', `repository ${repository} is not known`);
  }
  const found = await context.state.tags(repository, { last: page.last, limit: page.limit + 1 });
  const tags = found.slice(0, page.limit).map((each) => each.tag);
  const next = found.length > page.limit ? tags.at(-1) : undefined;
  return jsonReply(
    { name: repository, tags },
    'application/json',
    linkHeader(`/v2/${repository}/tags/list`, page, next),
  );
}

/** The names of the repositories, in the form that Docker's registry made common. */
export async function listRepositories(
  context: RegistryContext,
  request: RegistryRequest,
): Promise<RegistryReply> {
  const page = pageOf(request, context.limits.pageItemsMax);
  const found = await context.state.repositories({ last: page.last, limit: page.limit + 1 });
  const repositories = found.slice(0, page.limit);
  const next = found.length > page.limit ? repositories.at(-1) : undefined;
  return jsonReply({ repositories }, 'application/json', linkHeader('/v2/_catalog', page, next));
}

/** An index of the manifests about a subject (end-12); an empty one when there are none, whatever else is known. */
export async function listReferrers(
  context: RegistryContext,
  request: RegistryRequest,
  { repository, digest }: { readonly repository: string; readonly digest: OciDigest },
): Promise<RegistryReply> {
  const artifactType = request.query.get('artifactType') ?? undefined;
  if (artifactType !== undefined && !isArtifactType(artifactType)) {
    throw new RegistryRefusal('UNSUPPORTED', 'not an artifact type', { status: 400 });
  }
  const page = pageOf(request, Math.min(context.limits.pageItemsMax, 200));
  const wanted = { repository, subject: digest, artifactType, last: page.last };
  const { manifests, isLast } = await fitting(eachReferrer(context.state, wanted), page.limit);
  const next = isLast ? undefined : manifests.at(-1)?.digest;
  const kept = artifactType === undefined ? page : { ...page, artifactType };
  return jsonReply({ schemaVersion: 2, mediaType: indexType, manifests }, indexType, {
    ...(artifactType === undefined ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...linkHeader(`/v2/${repository}/referrers/${digest}`, kept, next),
  });
}

interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: Digest;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
}

function descriptorOf(manifest: RegistryManifest): ReferrerDescriptor {
  return {
    mediaType: manifest.mediaType,
    size: manifest.sizeBytes,
    digest: manifest.digest,
    ...(Object.keys(manifest.annotations).length === 0
      ? {}
      : { annotations: manifest.annotations }),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
  };
}

/** As many as fit into a page; always one, so that every list ends. */
async function fitting(
  found: AsyncIterable<RegistryManifest>,
  limit: number,
): Promise<{ readonly manifests: readonly ReferrerDescriptor[]; readonly isLast: boolean }> {
  const manifests: ReferrerDescriptor[] = [];
  let bytes = 0;
  for await (const manifest of found) {
    const descriptor = descriptorOf(manifest);
    bytes += Buffer.byteLength(JSON.stringify(descriptor)) + 1;
    const isFull = manifests.length === limit;
    if (isFull || (bytes > referrersPageBytes && manifests.length > 0))
      return { manifests, isLast: false };
    manifests.push(descriptor);
  }
  return { manifests, isLast: true };
}

interface Page {
  readonly last: string;
  readonly limit: number;
  readonly artifactType?: string;
}

function pageOf({ query }: RegistryRequest, itemsMax: number): Page {
  const count = query.get('n') ?? `${itemsMax}`;
  if (!/^\d{1,20}$/.test(count)) {
    throw new RegistryRefusal('UNSUPPORTED', `not a page size: "${shorten(count)}"`, {
      status: 400,
    });
  }
  return {
    last: lastOf(query),
    limit: Math.min(Number(count), itemsMax),
  };
}

/** No name contains NUL, so that what follows one makes no difference to the order; no name is longer either. */
function lastOf(query: URLSearchParams): string {
  return (query.get('last') ?? '').split('\0', 1).join('').slice(0, 300);
}

/** The address of the next page (RFC 8288); nothing follows a page of no items, which was asked for. */
function linkHeader(
  path: string,
  page: Page,
  last: string | undefined,
): Readonly<Record<string, string>> {
  if (last === undefined || page.limit === 0) return {};
  const query = new URLSearchParams({ n: `${page.limit}`, last });
  if (page.artifactType !== undefined) query.set('artifactType', page.artifactType);
  return { link: `<${path}?${query.toString()}>; rel="next"` };
}
