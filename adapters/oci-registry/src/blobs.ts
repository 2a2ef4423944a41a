import type { Digest } from '@kiln/base';
import { contentReply } from './content.ts';
import type { RegistryContext, RegistryReply, RegistryRequest } from './exchange.ts';
import { RegistryRefusal } from './refusal.ts';

interface BlobTarget {
  readonly repository: string;
  readonly digest: Digest;
}

/** Pulling a blob or a part of it (end-2). */
export async function pullBlob(
  context: RegistryContext,
  request: RegistryRequest,
  target: BlobTarget,
): Promise<RegistryReply> {
  const sizeBytes = await visibleBlob(context, target);
  if (sizeBytes === undefined) throw blobUnknown(target);
  // Who asks whether it is there is about to push what lists it.
  if (request.method === 'HEAD') await context.state.renew(target.repository, target.digest);
  return contentReply(context.blobs, request, {
    digest: target.digest,
    sizeBytes,
    mediaType: 'application/octet-stream',
    immutable: true,
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
  if (!(await context.state.unlinkBlob(repository, digest))) throw blobUnknown(target);
  return { status: 202, headers: { 'docker-content-digest': digest, 'content-length': '0' } };
}

/** The size of a blob that the repository shows and that the store has. */
export async function visibleBlob(
  { state, blobs }: RegistryContext,
  { repository, digest }: BlobTarget,
): Promise<number | undefined> {
  if (!(await state.blobs(repository, [digest])).has(digest)) return undefined;
  return (await blobs.stat(digest))?.sizeBytes;
}

function blobUnknown({ repository, digest }: BlobTarget): RegistryRefusal {
  return new RegistryRefusal('BLOB_UNKNOWN', `blob ${digest} is not known in ${repository}`);
}
