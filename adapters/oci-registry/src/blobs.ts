import type { Digest, OciDigest } from '@kiln/base';
import type { RegistryState } from '@kiln/factory';
import { contentReply } from './content.ts';
import type { RegistryContext, RegistryReply, RegistryRequest } from './exchange.ts';
import { RegistryRefusal } from './refusal.ts';
import { digestNamed } from './second-names.ts';

interface BlobTarget {
  readonly repository: string;
  readonly digest: OciDigest;
}

/** A blob that a repository shows. */
export interface VisibleBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Pulling a blob or a part of it (end-2). */
export async function pullBlob(
  context: RegistryContext,
  request: RegistryRequest,
  target: BlobTarget,
): Promise<RegistryReply> {
  // Who gets the bytes learns from them whether the store has them.
  const blob =
    request.method === 'HEAD'
      ? await visibleBlob(context, target)
      : await shownBlob(context.state, target);
  if (blob === undefined) throw blobUnknown(target);
  // Who asks whether it is there is about to push what lists it.
  if (request.method === 'HEAD') await context.state.renew(target.repository, blob.digest);
  return contentReply(request, {
    ...blob,
    name: target.digest,
    mediaType: 'application/octet-stream',
    immutable: true,
    part: (range) => context.blobs.read(blob.digest, range, { memory: 'used again' }),
  });
}

/** Hides a blob from a repository (end-10); its bytes may be in use elsewhere. */
export async function deleteBlob(
  context: RegistryContext,
  request: RegistryRequest,
  target: BlobTarget,
): Promise<RegistryReply> {
  const { repository, digest } = target;
  await context.authorize({
    action: 'delete-blob',
    repository,
    digest,
    tags: [],
    header: request.header,
  });
  const content = await digestNamed(context.state, repository, digest);
  if (content === undefined || !(await context.state.unlinkBlob(repository, content)))
    throw blobUnknown(target);
  return { status: 202, headers: { 'docker-content-digest': digest, 'content-length': '0' } };
}

/** Undefined unless the repository shows such a blob and the store has it. */
export async function visibleBlob(
  { state, blobs }: RegistryContext,
  target: BlobTarget,
): Promise<VisibleBlob | undefined> {
  const shown = await shownBlob(state, target);
  return shown && blobs.stat(shown.digest);
}

async function shownBlob(
  state: RegistryState,
  { repository, digest: name }: BlobTarget,
): Promise<VisibleBlob | undefined> {
  const digest = await digestNamed(state, repository, name);
  if (digest === undefined) return undefined;
  const sizeBytes = (await state.blobs(repository, [digest])).get(digest);
  return sizeBytes === undefined ? undefined : { digest, sizeBytes };
}

function blobUnknown({ repository, digest }: BlobTarget): RegistryRefusal {
  return new RegistryRefusal('BLOB_UNKNOWN', `blob ${digest} is not known in ${repository}`);
}
