import { digestOf } from '@kiln/base';
import type { Digest } from '@kiln/base';
import {
  COSIGN_SIGN_PREDICATE,
  SLSA_PROVENANCE_PREDICATE,
  SPDX_PREDICATE,
  TEST_RESULT_PREDICATE,
  printStatement,
} from '@kiln/intoto';
import type { Statement } from '@kiln/intoto';
import { describe, expect, test } from 'vitest';
import { signStatementBytes } from './sign-statement.ts';
import { assertVerified, printVerification } from './verification.ts';
import type { VerificationReport } from './verification.ts';
import { bareImage, goodStatements, imageKeyPair, signedImage } from './memory-registry.ts';
import type { FixtureImage } from './memory-registry.ts';
import { verifyImage } from './verify-image.ts';

const key = imageKeyPair();
const other = imageKeyPair();

async function verify(
  image: FixtureImage,
  digest: Digest = image.index,
  imageKeyPem: string = key.publicPem,
): Promise<VerificationReport> {
  const { registry } = image;
  return verifyImage({
    digest,
    imageKeyPem,
    readManifest: (d) => registry.readManifest(d),
    readBlob: (d) => registry.readBlob(d),
    listReferrers: (d) => registry.listReferrers(d),
  });
}

/** `name of target: detail` of the failed checks. */
const failures = (report: VerificationReport): string[] =>
  report.checks
    .filter(({ result }) => result === 'failed')
    .map(({ name, targetName, detail }) => `${name} of ${targetName}: ${detail}`);

function replaceStatement(
  image: FixtureImage,
  predicateType: string,
  change: (statement: Statement) => Statement,
): void {
  image.registry.referrers.set(image.manifest, []);
  for (const good of goodStatements(image.manifest)) {
    const statement = good.predicateType === predicateType ? change(good) : good;
    const bundle = signStatementBytes(key.privateKey, printStatement(statement));
    image.registry.attach(image.manifest, bundle, good.predicateType);
  }
}

test('an image with everything is verified, index and platform alike', async () => {
  const image = signedImage(key.privateKey);
  const report = await verify(image);
  expect(failures(report)).toEqual([]);
  expect(report.verified).toBe(true);
  expect(report.checks.map(({ targetName, name }) => `${targetName} ${name}`)).toEqual([
    'index manifest',
    'index platforms',
    'index signature',
    'index sbom',
    'index provenance',
    'index test result',
    'linux/amd64 manifest',
    'linux/amd64 content',
    'linux/amd64 signature',
    'linux/amd64 sbom',
    'linux/amd64 provenance',
    'linux/amd64 test result',
  ]);
  expect(() => assertVerified(report)).not.toThrow();
});

test('the report fits a screen and says what was compared', async () => {
  const image = signedImage(key.privateKey);
  const text = printVerification(await verify(image));
  expect(text.split('\n').length).toBeLessThan(24);
  expect(text).toContain('built by kiln:builder/sandbox/v1, 1 input by digest');
  expect(text).toContain('SPDX-2.3 with 1 package');
  expect(text).toMatch(/verified: 12 checks\n$/);
});

test('a platform manifest is verified by its own digest', async () => {
  const image = signedImage(key.privateKey);
  const report = await verify(image, image.manifest);
  expect(report.verified).toBe(true);
  expect(report.checks).toHaveLength(6);
});

test('nothing is verified with another key', async () => {
  const report = await verify(signedImage(key.privateKey), undefined, other.publicPem);
  expect(failures(report)).toHaveLength(8);
  expect(failures(report)[0]).toMatch(/the signature is not by this key/);
  expect(() => assertVerified(report)).toThrow(expect.objectContaining({ code: 'VERIFY_FAILED' }));
});

test('a key of another kind is refused', async () => {
  await expect(verify(signedImage(key.privateKey), undefined, 'no key')).rejects.toMatchObject({
    code: 'KEYS_INVALID',
  });
});

test('an image without attestations fails each of them', async () => {
  expect(failures(await verify(bareImage()))).toHaveLength(8);
});

test('only what is asked for is required', async () => {
  const { registry, index } = bareImage();
  const report = await verifyImage({
    digest: index,
    imageKeyPem: key.publicPem,
    required: ['signature'],
    readManifest: (d) => registry.readManifest(d),
    readBlob: (d) => registry.readBlob(d),
    listReferrers: (d) => registry.listReferrers(d),
  });
  expect(failures(report)).toHaveLength(2);
  expect(report.checks.filter(({ result }) => result === 'skipped')).toHaveLength(6);
});

describe('content', () => {
  test('any flipped byte of index, manifest, config, layer, referrer or bundle fails', async () => {
    const image = signedImage(key.privateKey);
    const stores = [image.registry.manifests, image.registry.blobs] as const;
    const all = stores.flatMap((store) =>
      [...store].map(([digest, good]) => ({ store, digest, good })),
    );
    for (const [n, { store, digest, good }] of all.entries()) {
      const bytes = Buffer.from(good);
      const at = (n * 7919) % bytes.length;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      store.set(digest, bytes);
      expect((await verify(image)).verified).toBe(false);
      store.set(digest, good);
    }
    expect((await verify(image)).verified).toBe(true);
  });

  test.each(['index', 'manifest', 'config', 'layer'] as const)(
    'a missing %s fails',
    async (what) => {
      const image = signedImage(key.privateKey);
      image.registry.manifests.delete(image[what]);
      image.registry.blobs.delete(image[what]);
      const report = await verify(image);
      expect(failures(report)[0]).toContain(`${image[what]} is missing`);
    },
  );

  test('a missing platform manifest skips what would speak of it', async () => {
    const image = signedImage(key.privateKey);
    image.registry.manifests.delete(image.manifest);
    const report = await verify(image);
    expect(failures(report)).toHaveLength(1);
    expect(report.checks.filter(({ result }) => result === 'skipped')).toHaveLength(4);
  });

  test('a blob that never ends is given up at its size', async () => {
    const image = signedImage(key.privateKey);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(1024);
    };
    const { registry } = image;
    registry.readBlob = (digest) =>
      Promise.resolve(
        digest === image.layer
          ? endless()
          : ([registry.blobs.get(digest) ?? Buffer.alloc(0)].values() as never),
      );
    expect(failures(await verify(image))).toEqual([
      expect.stringContaining('more than the 9 bytes') as string,
    ]);
  });

  test('an index inside an index is refused', async () => {
    const image = signedImage(key.privateKey);
    const type = 'application/vnd.oci.image.index.v1+json';
    const size = image.registry.manifests.get(image.index)?.length;
    const outer = image.registry.putManifest({
      schemaVersion: 2,
      mediaType: type,
      manifests: [{ mediaType: type, digest: image.index, size }],
    });
    expect(failures(await verify(image, outer.digest))).toContainEqual(
      expect.stringContaining('an index inside an index'),
    );
  });
});

describe('signatures', () => {
  test.each([
    [COSIGN_SIGN_PREDICATE, 'signature'],
    [SPDX_PREDICATE, 'sbom'],
    [SLSA_PROVENANCE_PREDICATE, 'provenance'],
    [TEST_RESULT_PREDICATE, 'test result'],
  ])('without a statement of type %s the %s fails, whatever else is signed', async (type, name) => {
    const image = signedImage(key.privateKey);
    replaceStatement(image, type, (statement) => ({
      ...statement,
      predicateType: 'https://example.org/other/v1',
    }));
    // The annotation still claims the type: annotations are not signed.
    expect(failures(await verify(image))).toEqual([
      expect.stringContaining(`${name} of linux/amd64: no statement of type ${type}`) as string,
    ]);
  });

  test('a good statement about another artifact does not count', async () => {
    const image = signedImage(key.privateKey);
    replaceStatement(image, COSIGN_SIGN_PREDICATE, (statement) => ({
      ...statement,
      subject: [{ name: 'app', digest: { sha256: 'c'.repeat(64) } }],
    }));
    expect(failures(await verify(image))).toEqual([
      expect.stringContaining('the signed statement speaks of another artifact') as string,
    ]);
  });

  test('a referrer that names another subject does not count, though it is listed', async () => {
    const image = signedImage(key.privateKey);
    const { registry } = image;
    registry.referrers.set(image.manifest, registry.referrers.get(image.index) ?? []);
    expect(failures(await verify(image))[0]).toMatch(/names another subject/);
  });

  test('a bundle by a stranger beside the good one changes nothing', async () => {
    const image = signedImage(key.privateKey);
    for (const statement of goodStatements(image.manifest)) {
      const bundle = signStatementBytes(other.privateKey, printStatement(statement));
      image.registry.attach(image.manifest, bundle, statement.predicateType);
    }
    image.registry.attach(image.manifest, Buffer.from('not a bundle'), COSIGN_SIGN_PREDICATE);
    expect((await verify(image)).verified).toBe(true);
  });

  test('bundles beyond the limit are not looked at', async () => {
    const image = signedImage(key.privateKey);
    const good = image.registry.referrers.get(image.manifest) ?? [];
    const junk = image.registry.attach(image.manifest, Buffer.from('junk'), '');
    const flood = Array.from({ length: 256 }, () => junk);
    image.registry.referrers.set(image.manifest, [...flood, ...good]);
    expect((await verify(image)).verified).toBe(false);
    image.registry.referrers.set(image.manifest, [...good, ...flood]);
    expect((await verify(image)).verified).toBe(true);
  });
});

describe('predicates', () => {
  const cases: readonly [string, string, Readonly<Record<string, unknown>>, RegExp][] = [
    [
      'an SBOM of no packages',
      SPDX_PREDICATE,
      { spdxVersion: 'SPDX-2.3', packages: [] },
      /lists no packages/,
    ],
    [
      'an SBOM of another format',
      SPDX_PREDICATE,
      { bomFormat: 'CycloneDX' },
      /not an SPDX 2 document/,
    ],
    ['empty provenance', SLSA_PROVENANCE_PREDICATE, {}, /provenance:/],
    [
      'a test result without tests',
      TEST_RESULT_PREDICATE,
      { result: 'PASSED', configuration: [] },
      /no passed test/,
    ],
    [
      'a failed test',
      TEST_RESULT_PREDICATE,
      { result: 'PASSED', configuration: [], passedTests: ['a'], failedTests: ['b'] },
      /tests failed: b/,
    ],
  ];
  test.each(cases)('%s fails', async (_name, type, predicate, reason) => {
    const image = signedImage(key.privateKey);
    replaceStatement(image, type, (statement) => ({ ...statement, predicate }));
    expect(failures(await verify(image))).toEqual([expect.stringMatching(reason) as string]);
  });

  const provenanceCases: readonly [string, (p: Provenance) => void, RegExp][] = [
    ['an unknown builder', (p) => (p.runDetails.builder.id = 'x'), /unknown builder "x"/],
    ['an unknown build type', (p) => (p.buildDefinition.buildType = 'x'), /unknown build type "x"/],
    [
      'a missing parameter',
      (p) => delete p.buildDefinition.externalParameters['name'],
      /"name" is missing/,
    ],
    [
      'an unknown parameter',
      (p) => (p.buildDefinition.externalParameters['x'] = 1),
      /unknown external parameter "x"/,
    ],
    [
      'an input without digest',
      (p) => p.buildDefinition.resolvedDependencies.push({ uri: 'https://example.org/a' }),
      /"https:\/\/example.org\/a" has no digest/,
    ],
  ];
  test.each(provenanceCases)('provenance with %s fails', async (_name, spoil, reason) => {
    const image = signedImage(key.privateKey);
    replaceStatement(image, SLSA_PROVENANCE_PREDICATE, (statement) => {
      const predicate = structuredClone(statement.predicate) as unknown as Provenance;
      spoil(predicate);
      return { ...statement, predicate: predicate as unknown as Statement['predicate'] };
    });
    expect(failures(await verify(image))).toEqual([expect.stringMatching(reason) as string]);
  });

  test('a signed failure of tests is not outweighed by a signed success', async () => {
    const image = signedImage(key.privateKey);
    const good = goodStatements(image.manifest).find(
      ({ predicateType }) => predicateType === TEST_RESULT_PREDICATE,
    );
    if (good === undefined) throw new Error('no test result');
    const predicate = { result: 'FAILED', configuration: [], failedTests: ['x'] };
    const bundle = signStatementBytes(key.privateKey, printStatement({ ...good, predicate }));
    image.registry.attach(image.manifest, bundle, TEST_RESULT_PREDICATE);
    expect(failures(await verify(image))).toEqual([
      expect.stringContaining('tests failed: x') as string,
    ]);
  });
});

test('what the source throws passes through', async () => {
  const image = signedImage(key.privateKey);
  image.registry.listReferrers = () => Promise.reject(new Error('no network'));
  await expect(verify(image)).rejects.toThrow('no network');
});

test('asking for an unknown digest is an ordinary no', async () => {
  const report = await verify(bareImage(), digestOf('absent'));
  expect(failures(report)).toEqual([expect.stringContaining('is missing') as string]);
});

interface Provenance {
  readonly buildDefinition: {
    buildType: string;
    readonly externalParameters: Record<string, unknown>;
    readonly resolvedDependencies: unknown[];
  };
  readonly runDetails: { readonly builder: { id: string } };
}
