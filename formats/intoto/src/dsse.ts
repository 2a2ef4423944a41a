import { KilnError, canonicalJson, concatBytes } from '@kiln/base';
import { z } from 'zod';
import { base64Bytes } from './base64.ts';
import { intotoLimits } from './limits.ts';
import { firstIssue } from './statement.ts';
import { parseStrictJson } from './strict-json.ts';

/** The DSSE payload type of in-toto statements. */
export const INTOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const DSSE_ENVELOPE_MEDIA_TYPE = 'application/vnd.dsse.envelope.v1+json';

export interface DsseSignature {
  readonly signature: Uint8Array;
  /** Only a hint; never a reason to trust. */
  readonly keyId: string;
}

/** A DSSE v1 envelope with its payload decoded. */
export interface DsseEnvelope {
  readonly payload: Uint8Array;
  readonly payloadType: string;
  readonly signatures: readonly DsseSignature[];
}

/** The JSON form of an envelope. */
export interface DsseEnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string; readonly keyid?: string }[];
}

/** DSSE pre-authentication encoding v1: the bytes that are signed. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  return concatBytes([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** The strict schema of an envelope's JSON: Go readers refuse unknown members, and so does this. */
export const envelopeSchema: z.ZodType<DsseEnvelopeJson> = z.strictObject({
  payload: z.string(),
  payloadType: z.string().min(1).max(256),
  signatures: z
    .array(
      z.strictObject({
        sig: z.string().min(1).max(16_384),
        keyid: z.string().max(1024).exactOptional(),
      }),
    )
    .min(1)
    .max(32),
});

/** The JSON form. An empty key id is left out. */
export function envelopeToJson(envelope: DsseEnvelope): DsseEnvelopeJson {
  return {
    payload: Buffer.from(envelope.payload).toString('base64'),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ signature, keyId }) => ({
      sig: Buffer.from(signature).toString('base64'),
      ...(keyId === '' ? {} : { keyid: keyId }),
    })),
  };
}

/** Throws `code` when a member is not base64. */
export function envelopeFromJson(json: DsseEnvelopeJson, code: string): DsseEnvelope {
  return {
    payload: base64Bytes(json.payload, code, 'envelope payload'),
    payloadType: json.payloadType,
    signatures: json.signatures.map(({ sig, keyid }) => ({
      signature: base64Bytes(sig, code, 'envelope signature'),
      keyId: keyid ?? '',
    })),
  };
}

/** Canonical JSON bytes of an envelope that stands alone (media type `application/vnd.dsse.envelope.v1+json`). */
export function printEnvelope(envelope: DsseEnvelope): Uint8Array {
  return Buffer.from(canonicalJson(envelopeToJson(envelope)));
}

/** Reads an envelope that stands alone; at most 48 MiB and 32 signatures. Throws `INTOTO_ENVELOPE_INVALID`. */
export function parseEnvelope(bytes: Uint8Array): DsseEnvelope {
  const code = 'INTOTO_ENVELOPE_INVALID';
  const value = parseStrictJson(bytes, {
    code,
    what: 'envelope',
    sizeBytesMax: intotoLimits.bundleSizeBytesMax,
    depthMax: intotoLimits.depthMax,
  });
  const parsed = envelopeSchema.safeParse(value);
  if (!parsed.success) throw new KilnError(code, `envelope: ${firstIssue(parsed.error)}`);
  return envelopeFromJson(parsed.data, code);
}
