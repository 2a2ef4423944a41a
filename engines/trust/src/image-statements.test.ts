import { digestOf } from '@kiln/base';
import { intotoLimits, parseStatement, printStatement } from '@kiln/intoto';
import { expect, test } from 'vitest';
import { KILN_BUILDER_ID, IMAGE_BUILD_TYPE } from './build-types.ts';
import { imageStatements } from './image-statements.ts';
import type { ImageEvidence } from './image-statements.ts';

const evidence: ImageEvidence = {
  name: 'registry.example/app',
  digest: digestOf('manifest'),
  sbom: [Buffer.from('{"packages":[{"name":"zlib"}],'), Buffer.from('"spdxVersion":"SPDX-2.3"}')],
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

test('a bill of materials is taken over as it is, and is what printing it would give', () => {
  const cyclonedx = [Buffer.from('{"bomFormat":"CycloneDX","components":[]}')];
  const [spdx, bom, ...others] = imageStatements({ ...evidence, cyclonedx });
  expect(others).toHaveLength(3);
  expect(bom?.predicateType).toBe('https://cyclonedx.org/bom');
  for (const [statement, pieces] of [
    [spdx, evidence.sbom],
    [bom, cyclonedx],
  ] as const) {
    const parsed = parseStatement(statement?.bytes ?? new Uint8Array());
    expect(parsed.predicate).toEqual(JSON.parse(Buffer.concat(pieces).toString()));
    expect(Buffer.from(printStatement(parsed))).toEqual(Buffer.from(statement?.bytes ?? []));
  }
});

test('a bill of materials that is too large is refused', () => {
  const sbom = [Buffer.alloc(intotoLimits.statementSizeBytesMax, ' ')];
  expect(() => imageStatements({ ...evidence, sbom })).toThrow(
    expect.objectContaining({ code: 'INTOTO_STATEMENT_INVALID' }),
  );
});
