import { createHash, generateKeyPairSync } from 'node:crypto';
import { controlSegment, signControl, signatureSegment } from '@kiln/apk';
import type { PackageInfo } from '@kiln/apk';
import { concatBytes, digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { gzipBytes } from '@kiln/gzip';
import type { Provenance } from '@kiln/intoto';
import { parseStatement } from '@kiln/intoto';
import { fileEntry, tarBytes } from '@kiln/tar';
import { expect, test } from 'vitest';
import { KILN_BUILDER_ID, PACKAGE_BUILD_TYPE } from './build-types.ts';
import { packageStatement } from './package-statement.ts';
import { signStatementBytes } from './sign-statement.ts';
import { printVerification } from './verification.ts';
import type { VerificationReport } from './verification.ts';
import { verifyPackage } from './verify-package.ts';
import type { VerifyPackageRequest } from './verify-package.ts';

const pem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;
const apkKey = generateKeyPairSync('rsa', { modulusLength: 2048, ...pem });
const imageKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const imageKeyPem = imageKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const content = Buffer.from('three words\n');
const sha1 = createHash('sha1').update(content).digest('hex');
const data = gzipBytes(
  tarBytes([
    {
      entry: fileEntry('words', content.length, {
        pax: new Map([['APK-TOOLS.checksum.SHA1', Buffer.from(sha1)]]),
      }),
      content,
    },
  ]),
);
const info: PackageInfo = {
  name: 'words',
  version: '7-r0',
  arch: 'x86_64',
  installedSizeBytes: content.length,
  origin: 'words',
  description: 'made by a test',
  url: '',
  commit: '',
  maintainer: '',
  buildTimeSeconds: 0,
  licenses: ['CC0-1.0'],
  depends: [],
  provides: [],
  replaces: [],
  installIf: [],
  vendored: [],
  providerPriority: 0,
  replacesPriority: 0,
  triggers: [],
  dataHash: createHash('sha256').update(data).digest('hex'),
};
const control = controlSegment({ info, mtimeSeconds: 0 });
const signature = signatureSegment({
  keyName: 'test.rsa.pub',
  signature: signControl(control, apkKey.privateKey),
  mtimeSeconds: 0,
});
const apk = concatBytes([signature, control, data]);

const provenance: Provenance = {
  buildType: PACKAGE_BUILD_TYPE,
  externalParameters: { name: 'words', recipe: {}, architecture: 'x86_64' },
  internalParameters: {},
  resolvedDependencies: [{ name: 'words.c', digest: { sha256: 'a'.repeat(64) } }],
  builderId: KILN_BUILDER_ID,
  builderVersion: { kiln: '0.1.0' },
  byproducts: [],
};

function bundleOf(about: Digest, said: Provenance = provenance, key = imageKey): Uint8Array {
  const { bytes } = packageStatement({ file: 'words-7-r0.apk', apk: about, provenance: said });
  return signStatementBytes(key.privateKey, bytes);
}

function verify(
  bytes: Uint8Array,
  change: Partial<VerifyPackageRequest> = {},
): Promise<VerificationReport> {
  return verifyPackage({
    name: 'words-7-r0.apk',
    read: async function* () {
      for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
    },
    provenance: bundleOf(digestOf(apk)),
    imageKeyPem,
    keyring: new Map([['test.rsa.pub', apkKey.publicKey]]),
    ...change,
  });
}

const results = ({ checks }: VerificationReport): string[] =>
  checks.map(({ name, result }) => `${name} ${result}`);

test('a statement names the digest of the whole file', () => {
  const { bytes } = packageStatement({ file: 'words-7-r0.apk', apk: digestOf(apk), provenance });
  expect(parseStatement(bytes)).toMatchObject({
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: [{ name: 'words-7-r0.apk', digest: { sha256: digestOf(apk).slice(7) } }],
  });
});

test('a good package passes every check', async () => {
  const report = await verify(apk);
  expect(results(report)).toEqual(['content passed', 'signature passed', 'provenance passed']);
  expect(report.verified).toBe(true);
  expect(printVerification(report)).toContain('built by kiln:builder/sandbox/v1, 1 input');
});

test('a changed byte, whether or not it hurts the archive, is no longer what was signed', async () => {
  const inData = Uint8Array.from(apk);
  inData[apk.length - 12] = (inData[apk.length - 12] ?? 0) ^ 1;
  expect(results(await verify(inData))).toEqual([
    'content failed',
    'signature skipped',
    'provenance failed',
  ]);
  // Without its own signature it is another file with the same content.
  expect(results(await verify(concatBytes([control, data])))).toEqual([
    'content passed',
    'signature failed',
    'provenance failed',
  ]);
  expect(results(await verify(concatBytes([apk, Buffer.from('tail')])))).toContain(
    'provenance failed',
  );
});

test('provenance that is missing, by another key, or of something else does not count', async () => {
  const cases: readonly [Uint8Array | undefined, RegExp][] = [
    [undefined, /no provenance beside the package/],
    [bundleOf(digestOf(apk), provenance, otherKey), /not by this key/],
    [bundleOf(digestOf('another apk')), /another artifact/],
    [bundleOf(digestOf(apk), { ...provenance, builderId: 'kiln:elsewhere' }), /unknown builder/],
    [
      bundleOf(digestOf(apk), {
        ...provenance,
        externalParameters: { ...provenance.externalParameters, network: true },
      }),
      /unknown external parameter "network"/,
    ],
    [Buffer.from('{}'), /bundle/],
  ];
  for (const [bundle, reason] of cases) {
    const { verified, checks } = await verify(apk, { provenance: bundle });
    expect([verified, checks[2]?.result]).toEqual([false, 'failed']);
    expect(checks[2]?.detail).toMatch(reason);
  }
});

test('an apk key that is not trusted fails, and none asked for is said', async () => {
  expect(results(await verify(apk, { keyring: new Map() }))).toContain('signature failed');
  const unasked = await verify(apk, { keyring: undefined });
  expect([unasked.verified, unasked.checks[1]?.result]).toEqual([true, 'skipped']);
});
