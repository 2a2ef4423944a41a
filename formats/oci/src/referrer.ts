import { digestOf } from '@kiln/base';
import { mediaTypes } from './media-types.ts';
import type { Descriptor } from './types.ts';
import { parseManifestDocument } from './parse.ts';

/** The two bytes of the empty JSON object, which stands for "no config" in artifacts. */
export const emptyBytes: Uint8Array = new TextEncoder().encode('{}');

/** The descriptor of the empty JSON object (OCI image manifest, "guidance for an empty descriptor"). */
export const emptyDescriptor: Descriptor = {
  mediaType: mediaTypes.empty,
  sizeBytes: emptyBytes.length,
  digest: digestOf(emptyBytes),
  data: 'e30=',
};

/** The descriptor of a document's exact bytes. */
export function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, sizeBytes: bytes.length, digest: digestOf(bytes) };
}

/**
 * How the referrers API lists a stored manifest: its descriptor with annotations and the artifact type, which is the
 * config's media type when the manifest names none. Throws what `parseManifestDocument` throws.
 */
export function referrerDescriptor(bytes: Uint8Array, contentType?: string): Descriptor {
  const document = parseManifestDocument(bytes, contentType);
  const parsed = document.kind === 'manifest' ? document.manifest : document.index;
  const fallback = document.kind === 'manifest' ? document.manifest.config.mediaType : undefined;
  const artifactType =
    parsed.artifactType === undefined || parsed.artifactType === ''
      ? fallback
      : parsed.artifactType;
  return {
    ...descriptorOf(document.mediaType, bytes),
    ...(parsed.annotations === undefined ? {} : { annotations: parsed.annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}
