import { digestOf } from '@kiln/base';
import { emptyBytes, emptyDescriptor, mediaTypes } from '@kiln/oci';

export interface Artifact {
  readonly repository: string;
  readonly tag: string;
  /** Artifacts of another text have another digest. */
  readonly of: string;
}

/** Pushes a blob as a client does, which is enough for a repository to be there. */
export function pushBlob(
  factory: string,
  repository: string,
  content: Uint8Array = emptyBytes,
): Promise<Response> {
  const address = `/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`;
  return fetch(new URL(address, factory), { method: 'POST', body: Uint8Array.from(content) });
}

/** Pushes a small artifact under a tag as a client does; the answer of the last request. */
export async function pushArtifact(
  factory: string,
  { repository, tag, of }: Artifact,
): Promise<Response> {
  await pushBlob(factory, repository);
  const empty = { mediaType: mediaTypes.empty, size: 2, digest: emptyDescriptor.digest };
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: 'application/vnd.example',
    config: empty,
    layers: [empty],
    annotations: { of },
  };
  return fetch(new URL(`/v2/${repository}/manifests/${tag}`, factory), {
    method: 'PUT',
    body: JSON.stringify(document),
    headers: { 'content-type': mediaTypes.manifest },
  });
}
