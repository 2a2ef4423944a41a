import type { OciDigest } from '@kiln/base';
import { KilnError } from '@kiln/base';
import type { Descriptor, ManifestDocument } from '@kiln/oci';
import { foldedName, parseStoredDocument } from '@kiln/oci';
import { RegistryRefusal } from './refusal.ts';

/** A descriptor that the registry follows. */
export interface PushedReference {
  readonly digest: OciDigest;
  readonly sizeBytes: number;
  /** Foreign and non-distributable layers, and content with its own addresses, need not be here. */
  readonly optional: boolean;
}

/** What a registry has to know of a manifest; the bytes stay as they came. */
export interface PushedManifest {
  readonly mediaType: string;
  readonly subject: OciDigest | undefined;
  /** As the referrers list shows it: for an image manifest without its own, the media type of its config. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly blobs: readonly PushedReference[];
  /** Members of an index: manifests, or blobs of any other type. */
  readonly members: readonly PushedReference[];
}

/**
 * Reads what a registry needs from an image manifest or index. Throws refusals `MANIFEST_INVALID`: for what
 * `@kiln/oci` refuses, for a document that would be an image to one reader and an index to another, and for more than
 * `descriptorsMax` descriptors.
 */
export function parsePushedManifest(
  bytes: Uint8Array,
  contentType: string | undefined,
  descriptorsMax: number,
): PushedManifest {
  const document = parseDocument(bytes, contentType);
  const isIndex = document.kind === 'index';
  const parsed = isIndex ? document.index : document.manifest;
  const layers = isIndex ? [] : document.manifest.layers;
  const members = isIndex ? document.index.manifests : [];
  const config = isIndex ? [] : [document.manifest.config];
  if (layers.length + members.length > descriptorsMax) {
    throw invalid(`more than ${descriptorsMax} descriptors`);
  }
  return {
    mediaType: document.mediaType,
    subject: parsed.subject?.digest,
    artifactType: artifactTypeOf(parsed.artifactType || config[0]?.mediaType || undefined),
    annotations: parsed.annotations ?? {},
    blobs: [...config, ...layers].map(referenceOf),
    members: members.map(referenceOf),
  };
}

function parseDocument(
  bytes: Uint8Array,
  contentType: string | undefined,
): ManifestDocument<OciDigest> {
  const given = contentType?.split(';')[0]?.trim();
  try {
    const document = parseStoredDocument(bytes, given === '' ? undefined : given);
    refuseAmbiguous(bytes, document.kind);
    return document;
  } catch (error) {
    if (error instanceof KilnError && error.code.startsWith('OCI_')) throw invalid(error.message);
    throw error;
  }
}

/** The media type is not part of the digest: the same bytes must not mean two things under two types. */
function refuseAmbiguous(bytes: Uint8Array, kind: ManifestDocument['kind']): void {
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
  const foreign = kind === 'index' ? ['layers', 'config'] : ['manifests'];
  if (Object.keys(document).some((member) => foreign.includes(foldedName(member)))) {
    throw invalid('has members of both an image and an index');
  }
}

/** A media type (RFC 6838), as far as a list that others read has to rely on it: printable and short. */
export function isArtifactType(text: string): boolean {
  return /^[\x20-\x7e]{1,255}$/.test(text);
}

function artifactTypeOf(text: string | undefined): string | undefined {
  if (text !== undefined && !isArtifactType(text))
    throw invalid('the artifact type is not a media type');
  return text;
}

function referenceOf(descriptor: Descriptor<OciDigest>): PushedReference {
  const { mediaType, urls = [] } = descriptor;
  const foreign = mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
  return {
    digest: descriptor.digest,
    sizeBytes: descriptor.sizeBytes,
    optional: foreign || urls.length > 0,
  };
}

function invalid(message: string): RegistryRefusal {
  return new RegistryRefusal('MANIFEST_INVALID', `manifest invalid: ${message}`);
}
