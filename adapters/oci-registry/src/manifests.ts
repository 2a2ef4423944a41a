import type { Digest, OciDigest } from '@kiln/base';
import { collect, digestOf, isSha512Digest, sha512Of, shorten } from '@kiln/base';
import { matchesEtag } from '@kiln/blobs';
import type { RegistryState, TagExpectation, TagMove } from '@kiln/factory';
import { contentReply } from './content.ts';
import type { RegistryContext, RegistryReply, RegistryRequest } from './exchange.ts';
import { parsePushedManifest } from './manifest-document.ts';
import { RegistryRefusal } from './refusal.ts';
import { requireReferences } from './required-content.ts';
import { digestNamed, requireName, secondName } from './second-names.ts';
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
  const named = await contentNamed(context.state, target);
  if (named === undefined) throw manifestUnknown(target);
  const { digest, name } = named;
  const manifest = (await context.state.manifests(target.repository, [digest])).get(digest);
  const bytes = manifest === undefined ? undefined : await context.manifests.bytes(digest);
  if (manifest === undefined || bytes === undefined) throw manifestUnknown(target);
  const immutable = target.reference.kind === 'digest';
  // Who asks whether it is there is about to push what lists it.
  if (request.method === 'HEAD') await context.state.renew(target.repository, digest);
  return contentReply(request, {
    ...manifest,
    name,
    immutable,
    part: ({ start, end }) => bytes.subarray(start, end),
  });
}

/** What a reference leads to, and the name to tell of it: the one it was asked by, or the one its tag was given. */
async function contentNamed(
  state: RegistryState,
  { repository, reference }: ManifestTarget,
): Promise<{ readonly digest: Digest; readonly name: OciDigest } | undefined> {
  switch (reference.kind) {
    case 'digest': {
      const digest = await digestNamed(state, repository, reference.digest);
      return digest && { digest, name: reference.digest };
    }
    case 'tag': {
      const tag = await state.tag(repository, reference.tag);
      return tag && { digest: tag.digest, name: tag.sha512 ?? tag.digest };
    }
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
  const name = named ?? digest;
  requireName(name, isSha512Digest(name) ? sha512Of(bytes) : digest);
  const sha512 = secondName(name);
  const document = parsePushedManifest(
    bytes,
    request.header('content-type'),
    context.limits.descriptorsMax,
  );
  const holds = await requireReferences(context.state, repository, document);
  const expected = await tagExpectation(context, request, target);
  await context.blobs.put(bytes, digest);
  const { mediaType, subject, artifactType, annotations } = document;
  const facts = { mediaType, subject, artifactType, annotations, holds };
  const published = await context.state.publish({
    repository,
    blobs: [],
    manifests: [{ digest, sha512, sizeBytes: bytes.length, ...facts }],
    tags: tags.map((tag): TagMove => ({ tag, digest, sha512, expected })),
  });
  if (!published) throw preconditionFailed();
  return pushedReply(target, { digest: name, subject, tags });
}

function pushedReply(
  { repository, reference }: ManifestTarget,
  pushed: {
    readonly digest: OciDigest;
    readonly subject: OciDigest | undefined;
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

/** `If-Match` and `If-None-Match: *` make a push by tag conditional (RFC 9110, 13.1). */
async function tagExpectation(
  { state }: RegistryContext,
  request: RegistryRequest,
  { repository, reference }: ManifestTarget,
): Promise<TagExpectation> {
  if (reference.kind !== 'tag' || !isConditional(request)) return 'any';
  const current = (await state.tag(repository, reference.tag))?.digest;
  requireConditions(request, current);
  return current ?? 'absent';
}

function isConditional({ header }: RegistryRequest): boolean {
  return header('if-match') !== undefined || header('if-none-match') !== undefined;
}

/** Throws the refusal of a change for which what is there now, undefined for nothing, is not what it may be. */
function requireConditions({ header }: RegistryRequest, current: Digest | undefined): void {
  const ifMatch = header('if-match');
  const ifNoneMatch = header('if-none-match');
  const matches = (etags: string): boolean =>
    current !== undefined && matchesEtag(etags, `"${current}"`);
  if (ifMatch !== undefined && !matches(ifMatch)) throw preconditionFailed();
  if (ifNoneMatch !== undefined && matches(ifNoneMatch)) throw preconditionFailed();
}

function preconditionFailed(): RegistryRefusal {
  return new RegistryRefusal('DENIED', 'what is there is not what the request expects', {
    status: 412,
  });
}

/**
 * Deletes a tag, or a manifest with its tags (end-9). Conditions count as for a push; what is not there is unknown,
 * whatever they say (RFC 9110, 13.2.1).
 */
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
    const from = isConditional(request)
      ? (await state.tag(repository, reference.tag))?.digest
      : undefined;
    if (from !== undefined) requireConditions(request, from);
    if (!(await state.deleteTag(repository, reference.tag, from)))
      throw from === undefined ? manifestUnknown(target) : preconditionFailed();
  } else {
    const content = await digestNamed(state, repository, reference.digest);
    const tags = content === undefined ? [] : await state.tagsOf(repository, content);
    const { digest } = reference;
    await context.authorize({ action: 'delete-manifest', repository, digest, tags, header });
    const shown = content && (await state.manifestSizes(repository, [content])).has(content);
    if (shown === true) requireConditions(request, content);
    if (content === undefined || !(await state.deleteManifest(repository, content)))
      throw manifestUnknown(target);
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
