import type { ComposedBlob } from '@kiln/blobs';
import { composeBlob } from '@kiln/blobs';
import type { Publication } from '@kiln/factory';
import { EMPTY_CONFIG_DIGEST, base64Part, bundleFrame, bundleManifest } from '@kiln/intoto';
import { mediaTypes, referrerDescriptor } from '@kiln/oci';
import type { StatementSignature } from '@kiln/trust';
import type { ComposedManifest, ComposedStatement } from './composed-image.ts';

/** A signed statement as its subject's referrer. */
export interface Referrer {
  readonly bundle: ComposedBlob;
  readonly manifest: ComposedBlob;
  /** What the registry shows of the manifest. */
  readonly shown: Publication['manifests'][number];
}

/** The statement as a blob. */
export function statementBlob({ parts }: ComposedStatement): ComposedBlob {
  return composeBlob(parts.map((part) => (part instanceof Uint8Array ? part : part.json)));
}

/** The bundle of a statement, and the manifest that attaches it: one bundle, one layer, one referrer. */
export function referrerOf(
  subject: ComposedManifest,
  statement: ComposedStatement,
  { signature, keyHint }: StatementSignature,
  created: string,
): Referrer {
  const frame = bundleFrame(signature, keyHint);
  const encoded = statement.parts.map((part) =>
    part instanceof Uint8Array ? base64Part(part) : part.base64,
  );
  const bundle = composeBlob([frame.head, ...encoded, frame.tail]);
  const bytes = bundleManifest({
    bundle,
    subject: { ...subject.blob, mediaType: subject.mediaType },
    predicateType: statement.predicateType,
    created,
  });
  const manifest = composeBlob([bytes]);
  const { artifactType, annotations } = referrerDescriptor(bytes, mediaTypes.manifest);
  const shown = {
    digest: manifest.digest,
    mediaType: mediaTypes.manifest,
    sizeBytes: manifest.sizeBytes,
    subject: subject.blob.digest,
    artifactType,
    annotations: annotations ?? {},
    holds: [EMPTY_CONFIG_DIGEST, bundle.digest],
  };
  return { bundle, manifest, shown };
}
