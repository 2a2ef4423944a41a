import { digestOf } from '@kiln/base';
import { parseStatement } from '@kiln/intoto';
import { expect, test } from 'vitest';
import { KILN_BUILDER_ID, IMAGE_BUILD_TYPE } from './build-types.ts';
import { imageStatements } from './image-statements.ts';
import type { ImageEvidence } from './image-statements.ts';

const evidence: ImageEvidence = {
  name: 'registry.example/app',
  digest: digestOf('manifest'),
  sbom: { spdxVersion: 'SPDX-2.3', packages: [{ name: 'zlib' }] },
  provenance: {
    buildType: IMAGE_BUILD_TYPE,
    externalParameters: { name: 'app', configuration: '{}', architectures: ['x86_64'] },
    internalParameters: {},
    resolvedDependencies: [],
    builderId: KILN_BUILDER_ID,
    builderVersion: {},
    byproducts: [],
  },
  tests: { configuration: [], passedTests: ['serves'], warnedTests: [], failedTests: [] },
};

test('the signature comes last, and every statement speaks of the one manifest', () => {
  const statements = imageStatements({ ...evidence, configuration: { contents: {} } });
  expect(statements.map(({ predicateType }) => predicateType)).toEqual([
    'https://spdx.dev/Document',
    'https://slsa.dev/provenance/v1',
    'https://in-toto.io/attestation/test-result/v0.1',
    'https://apko.dev/image-configuration',
    'https://sigstore.dev/cosign/sign/v1',
  ]);
  for (const { bytes, predicateType } of statements) {
    const statement = parseStatement(bytes);
    expect(statement.predicateType).toBe(predicateType);
    expect(`sha256:${statement.subject[0]?.digest['sha256']}`).toBe(evidence.digest);
  }
});

test('the same evidence gives the same bytes, whatever the order of its members', () => {
  const sbom = Object.fromEntries(Object.entries(evidence.sbom).reverse());
  expect(imageStatements({ ...evidence, sbom })).toEqual(imageStatements(evidence));
  expect(imageStatements(evidence)).toHaveLength(4);
});
