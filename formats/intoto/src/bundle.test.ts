import { digestOf } from '@kiln/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_CONFIG_DIGEST, bundleManifest } from './bundle-manifest.ts';
import { parseBundle, printBundle } from './bundle.ts';
import { INTOTO_PAYLOAD_TYPE, pae, parseEnvelope, printEnvelope } from './dsse.ts';
import type { DsseEnvelope } from './dsse.ts';
import { COSIGN_SIGN_PREDICATE } from './predicate-types.ts';

const envelope: DsseEnvelope = {
  payload: Buffer.from('{}'),
  payloadType: INTOTO_PAYLOAD_TYPE,
  signatures: [{ signature: Buffer.from('signature'), keyId: '' }],
};
const printed = printBundle({ envelope, keyHint: 'hint' });
const json = (): Record<string, Record<string, unknown>> =>
  JSON.parse(Buffer.from(printed).toString()) as Record<string, Record<string, unknown>>;
const parse = (value: unknown): unknown => parseBundle(Buffer.from(JSON.stringify(value)));
const invalid = expect.objectContaining({ code: 'INTOTO_BUNDLE_INVALID' });
const unsupported = expect.objectContaining({ code: 'INTOTO_BUNDLE_UNSUPPORTED' });

test('the pre-authentication encoding is that of the DSSE specification', () => {
  expect(
    Buffer.from(pae('http://example.com/HelloWorld', Buffer.from('hello world'))).toString(),
  ).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  expect(Buffer.from(pae('é', Buffer.alloc(0))).toString()).toBe('DSSEv1 2 é 0 ');
});

test('two different envelopes never have the same pre-authentication encoding', () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(fc.string(), bytes, fc.string(), bytes, (typeA, a, typeB, b) => {
      const same = typeA === typeB && Buffer.compare(a, b) === 0;
      expect(Buffer.compare(pae(typeA, a), pae(typeB, b)) === 0).toBe(same);
    }),
  );
});

test('a bundle prints as v0.3 in key mode and reads back', () => {
  expect(Buffer.from(printed).toString()).toBe(
    '{"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"c2lnbmF0dXJl"}]},' +
      '"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"hint"}}}',
  );
  expect(parseBundle(printed)).toEqual({ envelope, keyHint: 'hint' });
});

test('an envelope that stands alone reads back, key id included', () => {
  const two = {
    ...envelope,
    signatures: [...envelope.signatures, { signature: Buffer.from('b'), keyId: 'k' }],
  };
  expect(parseEnvelope(printEnvelope(two))).toEqual(two);
  expect(() =>
    parseEnvelope(Buffer.from('{"payload":"","payloadType":"x","signatures":[]}')),
  ).toThrow(expect.objectContaining({ code: 'INTOTO_ENVELOPE_INVALID' }));
});

test('log entries and timestamps are allowed, and too many are refused', () => {
  const material = (n: number): unknown => ({
    ...json(),
    verificationMaterial: {
      publicKey: { hint: '' },
      tlogEntries: Array.from({ length: n }, () => ({})),
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: '' }] },
    },
  });
  expect(() => parse(material(32))).not.toThrow();
  expect(() => parse(material(33))).toThrow(invalid);
});

test('private members are refused, as stock readers refuse them', () => {
  expect(() => parse({ ...json(), vendor: 1 })).toThrow(invalid);
  expect(() =>
    parse({ ...json(), dsseEnvelope: { ...json()['dsseEnvelope'], vendor: 1 } }),
  ).toThrow(invalid);
});

test('no, two, or unsupported kinds of verification material are told apart', () => {
  const withMaterial = (verificationMaterial: unknown): unknown => ({
    ...json(),
    verificationMaterial,
  });
  expect(() => parse(withMaterial({}))).toThrow(invalid);
  expect(() => parse(withMaterial({ publicKey: { hint: '' }, certificate: {} }))).toThrow(invalid);
  expect(() => parse(withMaterial({ certificate: { rawBytes: '' } }))).toThrow(unsupported);
});

test('a message signature, no content and two contents are refused', () => {
  const { dsseEnvelope, ...rest } = json();
  expect(() => parse({ ...rest, messageSignature: {} })).toThrow(unsupported);
  expect(() => parse(rest)).toThrow(invalid);
  expect(() => parse({ ...rest, dsseEnvelope, messageSignature: {} })).toThrow(invalid);
});

test('a second signature is refused', () => {
  const signatures = [{ sig: 'YQ==' }, { sig: 'Yg==' }];
  expect(() =>
    parse({ ...json(), dsseEnvelope: { ...json()['dsseEnvelope'], signatures } }),
  ).toThrow(/2 signatures/);
});

test('older bundle versions are not read', () => {
  expect(() =>
    parse({ ...json(), mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }),
  ).toThrow(unsupported);
});

test('base64 has one spelling only', () => {
  for (const payload of ['e30', 'e31=', 'e3 0=', 'e30=\n', '_w==']) {
    expect(() =>
      parse({ ...json(), dsseEnvelope: { ...json()['dsseEnvelope'], payload } }),
    ).toThrow(invalid);
  }
});

test('no truncation and no other text of a bundle makes anything but a typed error', () => {
  const outcome = (bytes: Uint8Array): string => {
    try {
      parseBundle(bytes);
      return 'INTOTO_BUNDLE_READ';
    } catch (error) {
      return String((error as { code?: string }).code);
    }
  };
  fc.assert(
    fc.property(fc.nat(printed.length - 1), fc.uint8Array({ maxLength: 8 }), (cut, tail) => {
      const hostile = Buffer.concat([printed.subarray(0, cut), tail]);
      expect(outcome(hostile)).toMatch(/^INTOTO_BUNDLE_/);
    }),
  );
});

test('the referrer manifest is the one that cosign specifies, byte for byte', () => {
  const manifest = bundleManifest({
    bundle: { digest: digestOf(printed), sizeBytes: printed.length },
    subject: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestOf('manifest'),
      sizeBytes: 8,
    },
    predicateType: COSIGN_SIGN_PREDICATE,
    created: '2026-09-01T12:00:00Z',
  });
  expect(JSON.parse(Buffer.from(manifest).toString())).toEqual({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    config: {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
    },
    layers: [
      {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        digest: digestOf(printed),
        size: printed.length,
      },
    ],
    subject: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestOf('manifest'),
      size: 8,
    },
    annotations: {
      'org.opencontainers.image.created': '2026-09-01T12:00:00Z',
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
    },
  });
  expect(EMPTY_CONFIG_DIGEST).toMatch(/^sha256:44136fa3/);
});

test('a creation time that is not whole seconds in UTC is refused', () => {
  expect(() =>
    bundleManifest({
      bundle: { digest: digestOf(''), sizeBytes: 0 },
      subject: { mediaType: 'x', digest: digestOf(''), sizeBytes: 0 },
      predicateType: 'x',
      created: 'yesterday',
    }),
  ).toThrow(expect.objectContaining({ code: 'INTOTO_BUNDLE_MANIFEST_INVALID' }));
});
