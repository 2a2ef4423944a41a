import { createReadStream } from 'node:fs';
import type { OciDigest } from '@kiln/base';
import { isDigest, isSha512Digest, shorten } from '@kiln/base';
import { isRepositoryName } from '@kiln/oci';
import { visibleBlob } from './blobs.ts';
import type { RegistryContext, RegistryReply, RegistryRequest } from './exchange.ts';
import type { BlobStat } from '@kiln/blobs';
import { RegistryRefusal } from './refusal.ts';
import { secondName, withSha512 } from './second-names.ts';
import { parseOciDigest } from './target.ts';
import type { ChunkRange } from './upload-sessions.ts';
import { receivedRange } from './upload-sessions.ts';

interface UploadTarget {
  readonly repository: string;
  readonly id: string;
}

/** Opens a session (end-4a), takes a whole blob (end-4b) or mounts one from another repository (end-11). */
export async function startUpload(
  context: RegistryContext,
  request: RegistryRequest,
  { repository }: { readonly repository: string },
): Promise<RegistryReply> {
  await authorizeBlob(context, request, repository);
  const algorithm = request.query.get('digest-algorithm') ?? 'sha256';
  if (algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw new RegistryRefusal(
      'DIGEST_INVALID',
      `digest algorithm not supported: "${shorten(algorithm)}"`,
    );
  }
  const mounted = await mount(context, request, repository);
  if (mounted !== undefined) return created(repository, mounted);
  const digest = request.query.get('digest');
  if (digest !== null) {
    return pushWhole(context, request, { repository, digest: parseOciDigest(digest) });
  }
  const id = await context.uploads.create(repository);
  return sessionReply(202, { repository, id }, 0);
}

async function pushWhole(
  context: RegistryContext,
  request: RegistryRequest,
  { repository, digest }: { readonly repository: string; readonly digest: OciDigest },
): Promise<RegistryReply> {
  const body = context.uploads.bounded({ start: 0, range: undefined }, request.body());
  const blob = isSha512Digest(digest)
    ? await context.blobs.put(withSha512(body, digest))
    : await context.blobs.put(body, digest);
  await link(context, repository, blob, digest);
  return created(repository, digest);
}

/**
 * Shows a blob of another repository here. Without `from`, or when that repository does not show the blob, the
 * specification lets a registry open a session instead: nobody learns what repositories they did not name hold.
 */
async function mount(
  context: RegistryContext,
  request: RegistryRequest,
  repository: string,
): Promise<OciDigest | undefined> {
  const name = request.query.get('mount') ?? '';
  const from = request.query.get('from') ?? '';
  if (!isDigest(name) && !isSha512Digest(name)) return undefined;
  if (!isRepositoryName(from)) return undefined;
  const found = await visibleBlob(context, { repository: from, digest: name });
  // From here on it stays, even when it was collected from there meanwhile.
  const blob = found && (await context.blobs.touch(found.digest));
  if (blob === undefined) return undefined;
  await link(context, repository, blob, name);
  return name;
}

/** Adds a chunk (end-5). */
export async function appendChunk(
  context: RegistryContext,
  request: RegistryRequest,
  target: UploadTarget,
): Promise<RegistryReply> {
  await authorizeBlob(context, request, target.repository);
  const range = chunkRange(request.header('content-range'));
  const sizeBytes = await context.uploads.append({ ...target, range }, request.body());
  return sessionReply(202, target, sizeBytes);
}

/** Takes the last bytes, if any, and turns the session into a blob (end-6). A refusal leaves the session as it was. */
export async function finishUpload(
  context: RegistryContext,
  request: RegistryRequest,
  target: UploadTarget,
): Promise<RegistryReply> {
  await authorizeBlob(context, request, target.repository);
  const { repository } = target;
  // Before anything of the body, so that a wrong address costs nothing.
  await context.uploads.size(repository, target.id);
  const digest = parseOciDigest(request.query.get('digest') ?? '');
  const range = chunkRange(request.header('content-range'));
  await context.uploads.finish({ ...target, range }, request.body(), {
    take: (file, written) => take(context, { file, written, name: digest }),
    show: (blob) => link(context, repository, blob, digest),
    read: (blob, end) => context.blobs.read(blob.digest, { start: 0, end }),
  });
  return created(repository, digest);
}

async function take(
  context: RegistryContext,
  upload: {
    readonly file: string;
    readonly written: BlobStat | undefined;
    readonly name: OciDigest;
  },
): Promise<BlobStat> {
  const { file, written, name } = upload;
  if (!isSha512Digest(name)) return context.takeFile(file, { expected: name, written });
  const read = withSha512(createReadStream(file) as AsyncIterable<Uint8Array>, name);
  for await (const _ of read) continue;
  return context.takeFile(file, { written });
}

/** How far an upload is (end-13). */
export async function uploadStatus(
  context: RegistryContext,
  target: UploadTarget,
): Promise<RegistryReply> {
  return sessionReply(204, target, await context.uploads.arrived(target.repository, target.id));
}

/** Gives up an upload (end-14). */
export async function cancelUpload(
  context: RegistryContext,
  request: RegistryRequest,
  target: UploadTarget,
): Promise<RegistryReply> {
  await authorizeBlob(context, request, target.repository);
  await context.uploads.exclusively(target.id, () =>
    context.uploads.remove(target.repository, target.id),
  );
  return { status: 204, headers: {} };
}

function authorizeBlob(
  context: RegistryContext,
  request: RegistryRequest,
  repository: string,
): Promise<void> {
  const { header } = request;
  return context.authorize({
    action: 'push-blob',
    repository,
    digest: undefined,
    tags: [],
    header,
  });
}

async function link(
  context: RegistryContext,
  repository: string,
  { digest, sizeBytes }: BlobStat,
  name: OciDigest,
): Promise<void> {
  const blob = { digest, sizeBytes, sha512: secondName(name) };
  await context.state.publish({ repository, blobs: [blob], manifests: [], tags: [] });
}

function created(repository: string, digest: OciDigest): RegistryReply {
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/blobs/${digest}`,
      'docker-content-digest': digest,
      'content-length': '0',
    },
  };
}

function sessionReply(
  status: 202 | 204,
  { repository, id }: UploadTarget,
  sizeBytes: number,
): RegistryReply {
  return {
    status,
    headers: {
      location: `/v2/${repository}/blobs/uploads/${id}`,
      range: receivedRange(sizeBytes),
      'docker-upload-uuid': id,
      ...(status === 202 ? { 'content-length': '0' } : {}),
    },
  };
}

/** `<start>-<end>`, both included and without the unit that HTTP puts before it. */
function chunkRange(header: string | undefined): ChunkRange | undefined {
  if (header === undefined) return undefined;
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(header.trim());
  const start = Number(match?.[1]);
  const endInclusive = Number(match?.[2]);
  if (match === null || endInclusive < start) {
    throw new RegistryRefusal('BLOB_UPLOAD_INVALID', `not a chunk range: "${shorten(header)}"`, {
      status: 416,
    });
  }
  return { start, endInclusive };
}
