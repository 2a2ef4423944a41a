import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { KilnError, shorten } from '@kiln/base';
import { INTOTO_PAYLOAD_TYPE, pae, parseBundle, parseStatement } from '@kiln/intoto';
import type { Statement } from '@kiln/intoto';

/**
 * Reads a Sigstore bundle in key mode and returns its statement, in this order: the bundle is well formed, its payload
 * is an in-toto statement by type, the one signature over the DSSE encoding is by `publicKey` (ECDSA P-256), the payload
 * parses. What the statement says (subject, predicate type, predicate) is for the caller to compare: a statement that
 * nobody asked about proves nothing. Throws `INTOTO_BUNDLE_INVALID`, `INTOTO_BUNDLE_UNSUPPORTED`,
 * `INTOTO_STATEMENT_INVALID`, `TRUST_PAYLOAD_TYPE` and `TRUST_SIGNATURE_INVALID`.
 */
export function verifyBundle(bundle: Uint8Array, publicKey: KeyObject): Statement {
  const { payload, payloadType, signatures } = parseBundle(bundle).envelope;
  if (payloadType !== INTOTO_PAYLOAD_TYPE) {
    throw new KilnError(
      'TRUST_PAYLOAD_TYPE',
      `the payload is "${shorten(payloadType)}", not an in-toto statement`,
    );
  }
  const signature = signatures[0]?.signature ?? new Uint8Array();
  const key = { key: publicKey, dsaEncoding: 'der' } as const;
  if (!verify('sha256', pae(payloadType, payload), key, signature)) {
    throw new KilnError(
      'TRUST_SIGNATURE_INVALID',
      'the signature is not by this key over this statement',
    );
  }
  return parseStatement(payload);
}
