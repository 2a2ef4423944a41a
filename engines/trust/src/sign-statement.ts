import { createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { INTOTO_PAYLOAD_TYPE, pae, parseStatement, printBundle } from '@kiln/intoto';
import { keyHint } from './signing-keys.ts';
import { verifyBundle } from './verify-bundle.ts';

/**
 * Signs exactly these statement bytes with an ECDSA P-256 key: a Sigstore bundle v0.3 in key mode, as JSON bytes, checked
 * before it is returned. ECDSA takes a fresh random number each time, so two calls give two bundles, equally good.
 * Throws `INTOTO_STATEMENT_INVALID` for bytes that are not a statement.
 */
export function signStatementBytes(key: KeyObject, statement: Uint8Array): Uint8Array {
  parseStatement(statement);
  const signature = sign('sha256', pae(INTOTO_PAYLOAD_TYPE, statement), {
    key,
    dsaEncoding: 'der',
  });
  const bundle = printBundle({
    envelope: {
      payload: statement,
      payloadType: INTOTO_PAYLOAD_TYPE,
      signatures: [{ signature, keyId: '' }],
    },
    keyHint: keyHint(key),
  });
  verifyBundle(bundle, createPublicKey(key));
  return bundle;
}
