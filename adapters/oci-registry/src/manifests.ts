import type { Digest } from '@kiln/base';
import { collect, digestOf, shorten } from '@kiln/base';
import { matchesEtag } from '@kiln/blobs';
import type { RegistryManifest, RegistryState, TagExpectation, TagMove } from '@kiln/factory';
import { contentReply } from './content.ts';
import type { RegistryContext, RegistryReply, RegistryRequest } from './exchange.ts';
import type { PushedManifest, PushedReference } from './manifest-document.ts';
import { parsePushedManifest } from './manifest-document.ts';
import { RegistryRefusal } from './refusal.ts';
import type { Reference } from './target.ts';
import { parseTag } from './target.ts';

interface ManifestTarget {
  readonly repository: string;
  readonly reference: Reference;
}

/** Pulling a manifest by tag or digest (end-3). */
export async function pullManifest(
  context: RegistryContext,
  request: RegistryRequest,
  target: ManifestTarget,
): Promise<RegistryReply> {
  const manifest = await findManifest(context, target);
  if (manifest === undefined || (await context.blobs.stat(manifest.digest)) === undefined) {
    throw manifestUnknown(target);
  }
  const immutable = target.reference.kind === 'digest';
  // Who asks whether it is there is about to push what lists it.
  if (request.method === 'HEAD') await context.state.renew(target.repository, manifest.digest);
  return contentReply(context.blobs, request, { ...manifest, immutable });
}

async function findManifest(
  { state }: RegistryContext,
  { repository, reference }: ManifestTarget,
): Promise<RegistryManifest | undefined> {
  const digest = await digestNamed(state, repository, reference);
  return digest && (await state.manifests(repository, [digest])).get(digest);
}

async function digestNamed(
  state: RegistryState,
  repository: string,
  reference: Reference,
): Promise<Digest | undefined> {
  switch (reference.kind) {
    case 'digest':
      return reference.digest;
    case 'tag':
      return (await state.tag(repository, reference.tag))?.digest;
    case 'nothing':
      return undefined;
  }
}

/** Pushing a manifest by tag, or by digest and any number of tags (end-7). */
export async function pushManifest(
  context: RegistryContext,
  request: RegistryRequest,
  target: ManifestTarget,
): Promise<RegistryReply> {
  const { repository, reference } = target;
  const tags = pushedTags(request, reference, context.limits.tagsPerPushMax);
  const named = reference.kind === 'digest' ? reference.digest : undefined;
  await context.authorize({
    action: 'push-manifest',
    repository,
    digest: named,
    tags,
    header: request.header,
  });
  const bytes = await manifestBytes(context, request);
  const digest = digestOf(bytes);
  if (named !== undefined && named !== digest) {
    throw new RegistryRefusal('DIGEST_INVALID', `content has digest ${digest}, expected ${named}`);
  }
  const document = parsePushedManifest(
    bytes,
    request.header('content-type'),
    context.limits.descriptorsMax,
  );
  const holds = await requireReferences(context, repository, document);
  const expected = await tagExpectation(context, request, target);
  await context.blobs.put(bytes, digest);
  const { mediaType, subject, artifactType, annotations } = document;
  const facts = { mediaType, subject, artifactType, annotations, holds };
  const published = await context.state.publish({
    repository,
    blobs: [],
    manifests: [{ digest, sizeBytes: bytes.length, ...facts }],
    tags: tags.map((tag): TagMove => ({ tag, digest, expected })),
  });
  if (!published) throw preconditionFailed();
  return pushedReply(target, { digest, subject, tags });
}

function pushedReply(
  { repository, reference }: ManifestTarget,
  pushed: {
    readonly digest: Digest;
    readonly subject: Digest | undefined;
    readonly tags: readonly string[];
  },
): RegistryReply {
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${pushed.digest}`,
      'docker-content-digest': pushed.digest,
      'content-length': '0',
      ...(pushed.subject === undefined ? {} : { 'oci-subject': pushed.subject }),
      ...(reference.kind === 'digest' && pushed.tags.length > 0
        ? { 'oci-tag': pushed.tags.join(', ') }
        : {}),
    },
  };
}

function pushedTags(
  request: RegistryRequest,
  reference: Reference,
  tagsMax: number,
): readonly string[] {
  if (reference.kind === 'tag') return [reference.tag];
  if (reference.kind === 'nothing') return [parseTag(reference.text)];
  const tags = [...new Set(request.query.getAll('tag'))];
  if (tags.length > tagsMax) {
    throw new RegistryRefusal('UNSUPPORTED', `at most ${tagsMax} tags may be pushed at once`, {
      status: 414,
    });
  }
  return tags.map(parseTag);
}

async function manifestBytes(
  { limits }: RegistryContext,
  request: RegistryRequest,
): Promise<Uint8Array> {
  return collect(
    request.body(),
    limits.manifestBytesMax,
    () =>
      new RegistryRefusal(
        'MANIFEST_INVALID',
        `a manifest may have at most ${limits.manifestBytesMax} bytes`,
        {
          status: 413,
        },
      ),
  );
}

/**
 * Everything but the subject has to be in the repository, in the size that the descriptor says. Returns what is; whether
 * it still is when the manifest is shown, the publication looks again.
 */
async function requireReferences(
  { state }: RegistryContext,
  repository: string,
  document: PushedManifest,
): Promise<readonly Digest[]> {
  const digestsOf = (references: readonly PushedReference[]): Digest[] => [
    ...new Set(references.map((each) => each.digest)),
  ];
  const manifests = await state.manifests(repository, digestsOf(document.members));
  const strangers = document.members.filter((each) => !manifests.has(each.digest));
  const blobs = await state.blobs(repository, digestsOf([...document.blobs, ...strangers]));
  const held = new Set<Digest>();
  for (const each of [...document.blobs, ...document.members]) {
    const found = manifests.get(each.digest)?.sizeBytes ?? blobs.get(each.digest);
    if (found === undefined && !each.optional) {
      throw new RegistryRefusal(
        'MANIFEST_BLOB_UNKNOWN',
        `${each.digest} is not known in ${repository}`,
      );
    }
    if (found !== undefined && found !== each.sizeBytes) {
      throw new RegistryRefusal(
        'MANIFEST_INVALID',
        `manifest invalid: ${each.digest} has ${found} bytes, the descriptor says ${each.sizeBytes}`,
      );
    }
    if (found !== undefined) held.add(each.digest);
  }
  return [...held];
}

/** `If-Match` and `If-None-Match: *` make a push by tag conditional (RFC 9110, 13.1). */
async function tagExpectation(
  { state }: RegistryContext,
  request: RegistryRequest,
  { repository, reference }: ManifestTarget,
): Promise<TagExpectation> {
  if (reference.kind !== 'tag') return 'any';
  const ifMatch = request.header('if-match');
  const ifNoneMatch = request.header('if-none-match');
  if (ifMatch === undefined && ifNoneMatch === undefined) return 'any';
  const current = (await state.tag(repository, reference.tag))?.digest;
  const matches = (header: string): boolean =>
    current !== undefined && matchesEtag(header, `"${current}"`);
  if (ifMatch !== undefined && !matches(ifMatch)) throw preconditionFailed();
  if (ifNoneMatch !== undefined && matches(ifNoneMatch)) throw preconditionFailed();
  return current ?? 'absent';
}

function preconditionFailed(): RegistryRefusal {
  return new RegistryRefusal('DENIED', 'the tag is not where the request expects it', {
    status: 412,
  });
}

/** Deletes a tag, or a manifest with its tags (end-9). */
export async function deleteManifest(
  context: RegistryContext,
  request: RegistryRequest,
  target: ManifestTarget,
): Promise<RegistryReply> {
  const { state } = context;
  const { repository, reference } = target;
  const { header } = request;
  if (reference.kind === 'nothing') throw manifestUnknown(target);
  if (reference.kind === 'tag') {
    const tags = [reference.tag];
    await context.authorize({ action: 'delete-tag', repository, digest: undefined, tags, header });
    if (!(await state.deleteTag(repository, reference.tag))) throw manifestUnknown(target);
  } else {
    const { digest } = reference;
    const tags = await state.tagsOf(repository, digest);
    await context.authorize({ action: 'delete-manifest', repository, digest, tags, header });
    if (!(await state.deleteManifest(repository, digest))) throw manifestUnknown(target);
  }
  return { status: 202, headers: { 'content-length': '0' } };
}

function manifestUnknown({ repository, reference }: ManifestTarget): RegistryRefusal {
  return new RegistryRefusal(
    'MANIFEST_UNKNOWN',
    `manifest ${printReference(reference)} is not known in ${repository}`,
  );
}

function printReference(reference: Reference): string {
  switch (reference.kind) {
    case 'digest':
      return reference.digest;
    case 'tag':
      return reference.tag;
    case 'nothing':
      return `"${shorten(reference.text)}"`;
  }
}
