import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { digestOf, hexOf } from '@kiln/base';
import { gunzipBytes } from '@kiln/gzip';
import {
  COSIGN_SIGN_PREDICATE,
  INTOTO_PAYLOAD_TYPE,
  parseBundle,
  parseStatement,
  printBundle,
  printStatement,
  statementAbout,
} from '@kiln/intoto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { localSigner } from './local-signer.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { signStatementBytes } from './sign-statement.ts';
import { signingLimits } from './signer.ts';
import { openSigningKeys, publicHalves } from './signing-keys.ts';
import { verifyBundle } from './verify-bundle.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keys = openSigningKeys({
  apkPem: rsa.export(pem).toString(),
  imagePem: ec.export(pem).toString(),
});
const ecPublic = createPublicKey(ec);
const statement = printStatement(
  statementAbout({ name: 'app', digest: digestOf('manifest') }, COSIGN_SIGN_PREDICATE, {}),
);

test('a signature segment is one open archive with the signature under the name of the key', async () => {
  const ledger = new MemoryLedger();
  const control = Buffer.from('control segment');
  ledger.recordControl(digestOf(control));
  const segment = await localSigner(keys, ledger).signControl(digestOf(control), 1_700_000_000);
  const tar = Buffer.from(gunzipBytes(segment));
  expect(tar.length).toBe(512 + 512);
  expect(tar.toString('latin1', 0, 100).replace(/\0+$/, '')).toBe(
    `.SIGN.RSA256.${keys.apkKeyName}`,
  );
  expect(tar.toString('latin1', 136, 147)).toBe((1_700_000_000).toString(8).padStart(11, '0'));
  expect(verify('sha256', control, createPublicKey(rsa), tar.subarray(512, 512 + 256))).toBe(true);
});

test('what is not recorded is not signed', async () => {
  const signer = localSigner(keys, new MemoryLedger());
  const refused = expect.objectContaining({ code: 'SIGNER_NOT_RECORDED' });
  await expect(signer.signControl(digestOf('x'), 0)).rejects.toEqual(refused);
  await expect(signer.signIndex(digestOf('x'))).rejects.toEqual(refused);
  await expect(signer.signStatement(digestOf('x'))).rejects.toEqual(refused);
});

test('a record of one kind does not allow another', async () => {
  const ledger = new MemoryLedger();
  const digest = ledger.recordStatement(statement);
  ledger.recordControl(digestOf('control'));
  const signer = localSigner(keys, ledger);
  await expect(signer.signControl(digest, 0)).rejects.toMatchObject({
    code: 'SIGNER_NOT_RECORDED',
  });
  await expect(signer.signIndex(digestOf('control'))).rejects.toMatchObject({
    code: 'SIGNER_NOT_RECORDED',
  });
});

test('a ledger that returns other bytes than were asked for is not believed', async () => {
  const lying = new MemoryLedger();
  lying.recordedStatement = () => Promise.resolve(statement);
  await expect(localSigner(keys, lying).signStatement(digestOf('x'))).rejects.toMatchObject({
    code: 'SIGNER_NOT_RECORDED',
  });
});

test('a recorded statement is signed byte for byte', async () => {
  const ledger = new MemoryLedger();
  const digest = ledger.recordStatement(statement);
  const bundle = await localSigner(keys, ledger).signStatement(digest);
  expect(digestOf(parseBundle(bundle).envelope.payload)).toBe(digest);
  expect(verifyBundle(bundle, ecPublic).subject[0]?.digest['sha256']).toBe(
    hexOf(digestOf('manifest')),
  );
});

test('many statements are signed at once, each as if it were the only one', async () => {
  const ledger = new MemoryLedger();
  const statements = ['a', 'b', 'c'].map((name) =>
    printStatement(statementAbout({ name, digest: digestOf(name) }, COSIGN_SIGN_PREDICATE, {})),
  );
  const signer = localSigner(keys, ledger);
  const digests = statements.map((bytes) => ledger.recordStatement(bytes));
  const signatures = await signer.signStatements(digests);
  for (const [at, { signature, keyHint }] of signatures.entries()) {
    const payload = statements[at]!;
    const envelope = {
      payload,
      payloadType: INTOTO_PAYLOAD_TYPE,
      signatures: [{ signature, keyId: '' }],
    };
    expect(verifyBundle(printBundle({ envelope, keyHint }), ecPublic)).toEqual(
      parseStatement(payload),
    );
  }
  expect(await signer.signStatements([])).toEqual([]);
});

test('of many statements none is signed when one is not recorded, or they are too many', async () => {
  const ledger = new MemoryLedger();
  const digest = ledger.recordStatement(statement);
  const signer = localSigner(keys, ledger);
  await expect(signer.signStatements([digest, digestOf('x')])).rejects.toMatchObject({
    code: 'SIGNER_NOT_RECORDED',
  });
  const many = Array.from({ length: signingLimits.statementsMax + 1 }, () => digest);
  await expect(signer.signStatements(many)).rejects.toMatchObject({
    code: 'SIGNER_REQUEST_INVALID',
  });
  const lie = (): Promise<Uint8Array> => Promise.resolve(statement);
  ledger.recordedStatements = () => Promise.resolve(new Map([[digestOf('x'), lie]]));
  await expect(signer.signStatements([digestOf('x')])).rejects.toMatchObject({
    code: 'SIGNER_NOT_RECORDED',
  });
});

test('bytes that are no statement are not signed', () => {
  expect(() => signStatementBytes(ec, Buffer.from('{"approve":"all"}'))).toThrow(
    expect.objectContaining({ code: 'INTOTO_STATEMENT_INVALID' }),
  );
});

test('no flipped bit of payload or signature verifies', () => {
  const { envelope, keyHint } = parseBundle(signStatementBytes(ec, statement));
  const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
    bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  const signature = envelope.signatures[0]?.signature ?? new Uint8Array();
  const refused = expect.objectContaining({ code: 'TRUST_SIGNATURE_INVALID' });
  fc.assert(
    fc.property(
      fc.nat(envelope.payload.length * 8 - 1),
      fc.nat(signature.length * 8 - 1),
      (a, b) => {
        const payload = printBundle({
          keyHint,
          envelope: { ...envelope, payload: flip(envelope.payload, a) },
        });
        expect(() => verifyBundle(payload, ecPublic)).toThrow(refused);
        const signatures = [{ signature: flip(signature, b), keyId: '' }];
        const forged = printBundle({ keyHint, envelope: { ...envelope, signatures } });
        expect(() => verifyBundle(forged, ecPublic)).toThrow(refused);
      },
    ),
  );
});

test('another payload type is refused even when it is signed', () => {
  const { envelope, keyHint } = parseBundle(signStatementBytes(ec, statement));
  const other = printBundle({ keyHint, envelope: { ...envelope, payloadType: 'text/plain' } });
  expect(() => verifyBundle(other, ecPublic)).toThrow(
    expect.objectContaining({ code: 'TRUST_PAYLOAD_TYPE' }),
  );
  expect(envelope.payloadType).toBe(INTOTO_PAYLOAD_TYPE);
});

test('key hint and key id do not decide anything', () => {
  const { envelope } = parseBundle(signStatementBytes(ec, statement));
  const signatures = envelope.signatures.map(({ signature }) => ({
    signature,
    keyId: 'someone else',
  }));
  expect(() =>
    verifyBundle(printBundle({ keyHint: '', envelope: { ...envelope, signatures } }), ecPublic),
  ).not.toThrow();
});

test('keys of the wrong kind are refused without a word of them in the error', () => {
  const apkPem = rsa.export(pem).toString();
  const imagePem = ec.export(pem).toString();
  const invalid = expect.objectContaining({ code: 'KEYS_INVALID' });
  expect(() => openSigningKeys({ apkPem: imagePem, imagePem })).toThrow(invalid);
  expect(() => openSigningKeys({ apkPem, imagePem: apkPem })).toThrow(invalid);
  expect(() => openSigningKeys({ apkPem: apkPem.slice(0, 200), imagePem })).toThrow(invalid);
  expect(publicHalves(keys).apkKeyPem).toContain('BEGIN PUBLIC KEY');
  expect(publicHalves(keys).apkKeyName).toMatch(/^kiln-[0-9a-f]{8}\.rsa\.pub$/);
});
