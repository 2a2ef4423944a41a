import { createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { KilnError } from '@kiln/base';
import { INTOTO_PAYLOAD_TYPE, pae, parseStatement, printBundle } from '@kiln/intoto';
import type { StatementSignature } from './signer.ts';
import { keyHint } from './signing-keys.ts';

/**
 * A function that signs exactly the statement bytes it is given with an ECDSA P-256 key, and checks the signature before it
 * returns it. ECDSA takes a fresh random number each time, so two calls give two signatures, equally good.
 * It throws `INTOTO_STATEMENT_INVALID` for bytes that are not a statement.
 */
export function statementSigner(key: KeyObject): (statement: Uint8Array) => StatementSignature {
  const publicKey = createPublicKey(key);
  const hint = keyHint(key);
  return (statement) => {
    parseStatement(statement);
    const signed = pae(INTOTO_PAYLOAD_TYPE, statement);
    const signature = sign('sha256', signed, { key, dsaEncoding: 'der' });
    if (!verify('sha256', signed, { key: publicKey, dsaEncoding: 'der' }, signature))
      throw new KilnError('TRUST_SIGNATURE_INVALID', 'the signature that was made is not valid');
    return { signature, keyHint: hint };
  };
}

/**
 * Signs exactly these statement bytes, as `statementSigner` does: a Sigstore bundle v0.3 in key mode, as JSON bytes.
 */
export function signStatementBytes(key: KeyObject, statement: Uint8Array): Uint8Array {
  return bundleOf(statement, statementSigner(key)(statement));
}

/** The bundle of a statement and its signature, as JSON bytes. */
export function bundleOf(statement: Uint8Array, signed: StatementSignature): Uint8Array {
  return printBundle({
    envelope: {
      payload: statement,
      payloadType: INTOTO_PAYLOAD_TYPE,
      signatures: [{ signature: signed.signature, keyId: '' }],
    },
    keyHint: signed.keyHint,
  });
}
