import { KilnError, canonicalJson, shorten, counted } from '@kiln/base';
import { z } from 'zod';
import { envelopeFromJson, envelopeSchema, envelopeToJson } from './dsse.ts';
import type { DsseEnvelope } from './dsse.ts';
import { intotoLimits } from './limits.ts';
import { firstIssue } from './statement.ts';
import { parseStrictJson } from './strict-json.ts';

/** The one bundle version that is written, and the media type of its OCI artifact and layer. */
export const SIGSTORE_BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Read as well: one writer produced the second spelling of v0.3. */
const readableMediaTypes = [
  SIGSTORE_BUNDLE_MEDIA_TYPE,
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
];

/** A Sigstore bundle v0.3 in key mode: one DSSE envelope with one signature by a key known elsewhere. */
export interface KeyBundle {
  readonly envelope: DsseEnvelope;
  /** By convention base64 of the SHA-256 of the public key's SPKI; only a hint. */
  readonly keyHint: string;
}

const opaque = z.record(z.string(), z.unknown());

const bundleSchema = z.strictObject({
  mediaType: z.string(),
  verificationMaterial: z.strictObject({
    publicKey: z.strictObject({ hint: z.string().max(1024).default('') }).exactOptional(),
    certificate: opaque.exactOptional(),
    x509CertificateChain: opaque.exactOptional(),
    tlogEntries: z.array(opaque).max(intotoLimits.logEntriesMax).exactOptional(),
    timestampVerificationData: z
      .strictObject({
        rfc3161Timestamps: z.array(opaque).max(intotoLimits.timestampsMax).exactOptional(),
      })
      .exactOptional(),
  }),
  dsseEnvelope: envelopeSchema.exactOptional(),
  messageSignature: opaque.exactOptional(),
});

/** Canonical JSON bytes of a bundle in key mode, without log entries and timestamps. */
export function printBundle(bundle: KeyBundle): Uint8Array {
  return Buffer.from(
    canonicalJson({
      mediaType: SIGSTORE_BUNDLE_MEDIA_TYPE,
      verificationMaterial: { publicKey: { hint: bundle.keyHint } },
      dsseEnvelope: envelopeToJson(bundle.envelope),
    }),
  );
}

/**
 * Reads a Sigstore bundle v0.3 in key mode; at most 48 MiB, 32 log entries and 32 timestamps (which key mode does not
 * need and which are not kept). Unknown members are refused, as by the Go readers. Throws `INTOTO_BUNDLE_INVALID`, or
 * `INTOTO_BUNDLE_UNSUPPORTED` for another version, a certificate or a message signature.
 */
export function parseBundle(bytes: Uint8Array): KeyBundle {
  const code = 'INTOTO_BUNDLE_INVALID';
  const value = parseStrictJson(bytes, {
    code,
    what: 'bundle',
    sizeBytesMax: intotoLimits.bundleSizeBytesMax,
    depthMax: intotoLimits.depthMax,
  });
  refuseOtherVersion(value);
  const parsed = bundleSchema.safeParse(value);
  if (!parsed.success) throw new KilnError(code, `bundle: ${firstIssue(parsed.error)}`);
  const { verificationMaterial, dsseEnvelope, messageSignature } = parsed.data;
  const { publicKey, certificate, x509CertificateChain } = verificationMaterial;
  const materials = [publicKey, certificate, x509CertificateChain].filter((m) => m !== undefined);
  if (materials.length !== 1) {
    throw new KilnError(
      code,
      `bundle: ${counted(materials.length, 'kind')} of verification material, need one`,
    );
  }
  if ((dsseEnvelope === undefined) === (messageSignature === undefined)) {
    throw new KilnError(code, 'bundle: needs either an envelope or a message signature');
  }
  if (publicKey === undefined) throw unsupported('a certificate instead of a public key');
  if (dsseEnvelope === undefined) throw unsupported('a message signature instead of an envelope');
  if (dsseEnvelope.signatures.length !== 1) {
    throw new KilnError(
      code,
      `bundle: ${counted(dsseEnvelope.signatures.length, 'signature')}, need exactly one`,
    );
  }
  return { envelope: envelopeFromJson(dsseEnvelope, code), keyHint: publicKey.hint };
}

function refuseOtherVersion(value: unknown): void {
  const mediaType = (value as { mediaType?: unknown } | null)?.mediaType;
  if (typeof mediaType !== 'string') {
    throw new KilnError('INTOTO_BUNDLE_INVALID', 'bundle: no media type');
  }
  if (!readableMediaTypes.includes(mediaType))
    throw unsupported(`media type "${shorten(mediaType)}"`);
}

function unsupported(what: string): KilnError {
  return new KilnError('INTOTO_BUNDLE_UNSUPPORTED', `bundle: ${what}`);
}
