import type { Digest } from '@kiln/base';
import {
  APKO_CONFIGURATION_PREDICATE,
  COSIGN_SIGN_PREDICATE,
  CYCLONEDX_PREDICATE,
  SLSA_PROVENANCE_PREDICATE,
  SPDX_PREDICATE,
  TEST_RESULT_PREDICATE,
  printStatement,
  printStatementAround,
  slsaProvenance,
  statementAbout,
  testResult,
} from '@kiln/intoto';
import type { Provenance, TestResult } from '@kiln/intoto';

/** What the factory knows of one manifest or index and says under its signature. */
export interface ImageEvidence {
  /** The repository without tag; informational. */
  readonly name: string;
  readonly digest: Digest;
  /** The SPDX 2.3 document that describes this manifest: canonical JSON in pieces. */
  readonly sbom: readonly Uint8Array[];
  /** The same as a CycloneDX document, where there is one. */
  readonly cyclonedx?: readonly Uint8Array[];
  readonly provenance: Provenance;
  readonly tests: Omit<TestResult, 'result'>;
  /** The locked apko image configuration, where there is one. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** A statement to be stored, recorded and given to the signer. */
export interface PreparedStatement {
  readonly predicateType: string;
  /** Canonical: the same evidence gives the same bytes. */
  readonly bytes: Uint8Array;
}

/**
 * The statements that `verifyImage` asks for, and the locked configuration, about one manifest. Called for the index and
 * for each platform manifest. The signature comes last: a manifest that has it has the others. Throws
 * `INTOTO_STATEMENT_INVALID` when the evidence exceeds a limit.
 */
export function imageStatements(evidence: ImageEvidence): readonly PreparedStatement[] {
  const { configuration, cyclonedx, digest, name } = evidence;
  const printed = (predicateType: string, pieces: readonly Uint8Array[]): PreparedStatement => ({
    predicateType,
    bytes: printStatementAround({ name, digest }, predicateType, pieces),
  });
  const made = (
    predicateType: string,
    predicate: Readonly<Record<string, unknown>>,
  ): PreparedStatement => ({
    predicateType,
    bytes: printStatement(statementAbout({ name, digest }, predicateType, predicate)),
  });
  return [
    printed(SPDX_PREDICATE, evidence.sbom),
    ...(cyclonedx === undefined ? [] : [printed(CYCLONEDX_PREDICATE, cyclonedx)]),
    made(SLSA_PROVENANCE_PREDICATE, slsaProvenance(evidence.provenance)),
    made(TEST_RESULT_PREDICATE, testResult(evidence.tests)),
    ...(configuration === undefined ? [] : [made(APKO_CONFIGURATION_PREDICATE, configuration)]),
    made(COSIGN_SIGN_PREDICATE, {}),
  ];
}
