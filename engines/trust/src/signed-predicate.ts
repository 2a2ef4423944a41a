import type { Digest } from '@kiln/base';
import { readAttestations } from './attestations.ts';
import { verificationLimits } from './image-source.ts';
import type { ImageSource, VerificationLimits } from './image-source.ts';
import { openImageKey } from './signing-keys.ts';

export interface SignedPredicateRequest {
  readonly source: ImageSource;
  /** The manifest or index that is spoken of. */
  readonly subject: Digest;
  readonly predicateType: string;
  /** The public half that the statement must be signed by: ECDSA P-256 in PEM. */
  readonly imageKeyPem: string;
  readonly limits?: VerificationLimits;
}

/** rejected: there is something that claims to be the statement, and does not count. */
export type SignedPredicate =
  | { readonly kind: 'signed'; readonly predicate: Readonly<Record<string, unknown>> }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'absent' };

/**
 * What the key's owner said about a manifest, of one type; the first statement of several. The signed type counts, not the one
 * that a listing names. Throws `KEYS_INVALID` for a bad key, and what the source throws when it cannot be read at all.
 */
export async function signedPredicate(request: SignedPredicateRequest): Promise<SignedPredicate> {
  const { statements, rejected } = await readAttestations({
    source: request.source,
    subject: request.subject,
    imageKey: openImageKey(request.imageKeyPem),
    limits: request.limits ?? verificationLimits,
  });
  const signed = statements.find((one) => one.predicateType === request.predicateType);
  if (signed !== undefined) return { kind: 'signed', predicate: signed.predicate };
  const claims = rejected.find((one) => one.claimedType === request.predicateType);
  return claims === undefined ? { kind: 'absent' } : { kind: 'rejected', reason: claims.reason };
}
