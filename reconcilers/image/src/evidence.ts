import type { BlobStore } from '@kiln/blobs';
import type { Digest } from '@kiln/base';
import { digestOf } from '@kiln/base';
import type { Attachment, BlobLink, FactoryRecords, RegistryManifest } from '@kiln/factory';
import {
  EMPTY_CONFIG,
  EMPTY_CONFIG_DIGEST,
  SIGSTORE_BUNDLE_MEDIA_TYPE,
  bundleManifest,
} from '@kiln/intoto';
import { mediaTypes, referrerDescriptor } from '@kiln/oci';
import type { Key } from '@kiln/queue';
import type { PreparedStatement, Signer } from '@kiln/trust';

export interface EvidencePorts {
  readonly blobs: BlobStore;
  readonly records: FactoryRecords;
  readonly signer: Signer;
}

/** The manifest or index that statements speak of. */
export interface EvidenceSubject {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Signed statements as the registry shows them. */
export interface Evidence {
  readonly attachments: readonly Attachment[];
  readonly blobs: readonly BlobLink[];
  readonly manifests: readonly Omit<RegistryManifest, 'repository'>[];
}

/**
 * Signs each statement and makes the referrer that attaches it to its subject (one Sigstore bundle, one layer, one OCI
 * manifest). A statement is stored and recorded before the signer is asked, because the signer signs recorded things only.
 */
export async function attach(
  ports: EvidencePorts,
  key: Key,
  subject: EvidenceSubject,
  statements: readonly PreparedStatement[],
  created: string,
): Promise<Evidence> {
  const attachments: Attachment[] = [];
  const blobs: BlobLink[] = [{ digest: EMPTY_CONFIG_DIGEST, sizeBytes: EMPTY_CONFIG.length }];
  const manifests: Omit<RegistryManifest, 'repository'>[] = [];
  await ports.blobs.put(EMPTY_CONFIG);
  for (const statement of statements) {
    const digest = digestOf(statement.bytes);
    await ports.blobs.put(statement.bytes, digest);
    await ports.records.recordLedger([{ kind: 'statement', digest, key }]);
    const bundle = await ports.blobs.put(await ports.signer.signStatement(digest));
    const manifest = bundleManifest({
      bundle,
      subject,
      predicateType: statement.predicateType,
      created,
    });
    const stored = await ports.blobs.put(manifest);
    const listed = referrerDescriptor(manifest, mediaTypes.manifest);
    blobs.push(bundle);
    manifests.push({
      digest: stored.digest,
      mediaType: mediaTypes.manifest,
      sizeBytes: stored.sizeBytes,
      subject: subject.digest,
      artifactType: listed.artifactType ?? SIGSTORE_BUNDLE_MEDIA_TYPE,
      annotations: listed.annotations ?? {},
      holds: [EMPTY_CONFIG_DIGEST, bundle.digest],
    });
    attachments.push({
      subject: subject.digest,
      predicateType: statement.predicateType,
      manifest: stored.digest,
    });
  }
  return { attachments, blobs, manifests };
}
