import type { KeyObject } from 'node:crypto';
import { KilnError } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { BUNDLE_PREDICATE_ANNOTATION, SIGSTORE_BUNDLE_MEDIA_TYPE, hasSubject } from '@kiln/intoto';
import type { Statement } from '@kiln/intoto';
import { parseManifest } from '@kiln/oci';
import type { Descriptor, Manifest } from '@kiln/oci';
import type { ImageSource, VerificationLimits } from './image-source.ts';
import { no, readBlob, readManifest, yes } from './read-content.ts';
import type { Outcome } from './read-content.ts';
import { verifyBundle } from './verify-bundle.ts';

/** A bundle that did not count, and what its unsigned annotation claimed it to be. */
export interface RejectedBundle {
  readonly claimedType: string;
  readonly reason: string;
}

/** What is known about one manifest. */
export interface Attestations {
  /** Statements signed by the key about exactly this manifest. */
  readonly statements: readonly Statement[];
  readonly rejected: readonly RejectedBundle[];
}

export interface ReadAttestationsRequest {
  readonly source: ImageSource;
  /** The manifest or index that the statements must speak of. */
  readonly subject: Digest;
  readonly imageKey: KeyObject;
  readonly limits: VerificationLimits;
}

/**
 * Reads the bundles that refer to a manifest and keeps the statements that the key signed about it. Listings and
 * annotations are unauthenticated: they only help to say why a bundle does not count.
 */
export async function readAttestations(request: ReadAttestationsRequest): Promise<Attestations> {
  const referrers = await request.source.listReferrers(request.subject);
  const bundles = referrers.filter(
    ({ artifactType }) => artifactType === SIGSTORE_BUNDLE_MEDIA_TYPE,
  );
  const statements: Statement[] = [];
  const rejected: RejectedBundle[] = [];
  let budgetBytes = request.limits.bundlesSizeBytesMax;
  for (const referrer of bundles.slice(0, request.limits.bundlesMax)) {
    const read = await readStatement(request, referrer, budgetBytes);
    budgetBytes -= read.sizeBytes;
    if (read.outcome.ok) statements.push(read.outcome.value);
    else {
      const claimedType = referrer.annotations?.[BUNDLE_PREDICATE_ANNOTATION] ?? '';
      rejected.push({ claimedType, reason: read.outcome.reason });
    }
  }
  return { statements, rejected };
}

async function readStatement(
  request: ReadAttestationsRequest,
  referrer: Descriptor,
  budgetBytes: number,
): Promise<{ readonly sizeBytes: number; readonly outcome: Outcome<Statement> }> {
  const bytes = await readManifest(request.source, referrer.digest);
  if (!bytes.ok) return { sizeBytes: 0, outcome: bytes };
  const layer = bundleLayer(bytes.value, request.subject);
  if (!layer.ok) return { sizeBytes: bytes.value.length, outcome: layer };
  const { sizeBytes } = layer.value;
  if (sizeBytes > Math.min(request.limits.bundleSizeBytesMax, budgetBytes)) {
    return { sizeBytes: 0, outcome: no(`a bundle of ${sizeBytes} bytes is too large`) };
  }
  const bundle = await readBlob(request.source, layer.value);
  return { sizeBytes, outcome: bundle.ok ? signedStatement(request, bundle.value) : bundle };
}

/** The one layer of a bundle's manifest. */
function bundleLayer(bytes: Uint8Array, subject: Digest): Outcome<Descriptor> {
  const parsed = attempt((): Manifest => parseManifest(bytes));
  if (!parsed.ok) return parsed;
  const { value: manifest } = parsed;
  if (manifest.subject?.digest !== subject) return no('the referrer names another subject');
  const [layer, ...more] = manifest.layers;
  if (layer === undefined || more.length > 0) return no('the referrer has not exactly one layer');
  if (layer.mediaType !== SIGSTORE_BUNDLE_MEDIA_TYPE) return no('the referrer holds no bundle');
  return yes(layer);
}

function signedStatement(request: ReadAttestationsRequest, bundle: Uint8Array): Outcome<Statement> {
  const verified = attempt(() => verifyBundle(bundle, request.imageKey));
  if (!verified.ok) return verified;
  if (hasSubject(verified.value, request.subject)) return verified;
  return no('the signed statement speaks of another artifact');
}

/** Turns the typed errors of parsers and checks into reasons; a programmer's mistake passes. */
export function attempt<T>(action: () => T): Outcome<T> {
  try {
    return yes(action());
  } catch (error) {
    if (error instanceof KilnError) return no(error.message);
    throw error;
  }
}
