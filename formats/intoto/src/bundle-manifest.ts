import { KilnError, canonicalJson, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { SIGSTORE_BUNDLE_MEDIA_TYPE } from './bundle.ts';

/** The `{}` that artifact manifests have as config; it must be in the registry beside the bundle. */
export const EMPTY_CONFIG: Uint8Array = Buffer.from('{}');
export const EMPTY_CONFIG_DIGEST: Digest = digestOf(EMPTY_CONFIG);
export const EMPTY_CONFIG_MEDIA_TYPE = 'application/vnd.oci.empty.v1+json';

const MANIFEST_MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const BUNDLE_CONTENT_ANNOTATION = 'dev.sigstore.bundle.content';
export const BUNDLE_PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';

export interface BundleManifestRequest {
  /** The bundle's blob. */
  readonly bundle: { readonly digest: Digest; readonly sizeBytes: number };
  /** The manifest or index that the bundle's statement speaks of. */
  readonly subject: {
    readonly mediaType: string;
    readonly digest: Digest;
    readonly sizeBytes: number;
  };
  readonly predicateType: string;
  /** RFC 3339 in UTC with whole seconds; fixed by the caller so that the same request gives the same bytes. */
  readonly created: string;
}

/**
 * The OCI image manifest that attaches a bundle to its subject (cosign's bundle specification: one bundle, one layer,
 * one referrer). Throws `INTOTO_BUNDLE_MANIFEST_INVALID` for a time that is not RFC 3339.
 */
export function bundleManifest(request: BundleManifestRequest): Uint8Array {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(request.created)) {
    throw new KilnError(
      'INTOTO_BUNDLE_MANIFEST_INVALID',
      `not a time in UTC: "${request.created}"`,
    );
  }
  const { mediaType, digest, sizeBytes } = request.subject;
  return Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: MANIFEST_MEDIA_TYPE,
      artifactType: SIGSTORE_BUNDLE_MEDIA_TYPE,
      config: {
        mediaType: EMPTY_CONFIG_MEDIA_TYPE,
        digest: EMPTY_CONFIG_DIGEST,
        size: EMPTY_CONFIG.length,
      },
      layers: [
        {
          mediaType: SIGSTORE_BUNDLE_MEDIA_TYPE,
          digest: request.bundle.digest,
          size: request.bundle.sizeBytes,
        },
      ],
      subject: { mediaType, digest, size: sizeBytes },
      annotations: {
        'org.opencontainers.image.created': request.created,
        [BUNDLE_CONTENT_ANNOTATION]: 'dsse-envelope',
        [BUNDLE_PREDICATE_ANNOTATION]: request.predicateType,
      },
    }),
  );
}
