import { expect, test } from 'vitest';
import { parseProvenance, slsaProvenance } from './provenance.ts';
import type { Provenance } from './provenance.ts';
import { parseTestResult, testResult } from './test-result.ts';

const provenance: Provenance = {
  buildType: 'https://example.org/buildtypes/image/v1',
  externalParameters: { configuration: { sha256: 'a'.repeat(64) } },
  internalParameters: { builder: 'bwrap' },
  resolvedDependencies: [
    { uri: 'https://example.org/a.tar.gz', digest: { sha256: 'b'.repeat(64) } },
  ],
  builderId: 'https://example.org/builders/local/v1',
  builderVersion: { kiln: '0.1.0' },
  invocationId: 'build-1',
  startedOn: '2026-09-01T12:00:00Z',
  finishedOn: '2026-09-01T12:00:01.5Z',
  byproducts: [{ name: 'log', digest: { sha256: 'c'.repeat(64) } }],
};
const invalid = expect.objectContaining({ code: 'INTOTO_PREDICATE_INVALID' });

test('provenance reads back as it was written, also through JSON', () => {
  const written = JSON.parse(JSON.stringify(slsaProvenance(provenance))) as Record<string, unknown>;
  expect(parseProvenance(written)).toEqual(provenance);
});

test('provenance has the field names of SLSA v1', () => {
  expect(slsaProvenance(provenance)).toMatchObject({
    buildDefinition: { buildType: provenance.buildType, resolvedDependencies: [{}] },
    runDetails: { builder: { id: provenance.builderId }, metadata: { invocationId: 'build-1' } },
  });
});

test('provenance without builder, build type or parameters is refused', () => {
  const good = slsaProvenance(provenance) as {
    buildDefinition: Record<string, unknown>;
    runDetails: Record<string, unknown>;
  };
  const { buildType: _t, ...noType } = good.buildDefinition;
  const { externalParameters: _p, ...noParameters } = good.buildDefinition;
  expect(() => parseProvenance({ ...good, buildDefinition: noType })).toThrow(invalid);
  expect(() => parseProvenance({ ...good, buildDefinition: noParameters })).toThrow(invalid);
  expect(() => parseProvenance({ ...good, runDetails: {} })).toThrow(invalid);
  expect(() => parseProvenance({})).toThrow(invalid);
});

test('a dependency that names nothing is refused', () => {
  const written = slsaProvenance({ ...provenance, resolvedDependencies: [{ name: 'a' }] });
  expect(() => parseProvenance(written)).toThrow(invalid);
});

test('a test result is PASSED, WARNED or FAILED by what its lists say', () => {
  const tests = { configuration: [], passedTests: ['a'], warnedTests: [], failedTests: [] };
  expect(testResult(tests)['result']).toBe('PASSED');
  expect(testResult({ ...tests, warnedTests: ['b'] })['result']).toBe('WARNED');
  expect(testResult({ ...tests, warnedTests: ['b'], failedTests: ['c'] })['result']).toBe('FAILED');
  expect(parseTestResult(testResult(tests))).toEqual({ result: 'PASSED', ...tests });
  expect(() => parseTestResult({ result: 'FINE', configuration: [] })).toThrow(invalid);
});
