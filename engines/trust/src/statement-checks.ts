import { shorten, counted } from '@kiln/base';
import {
  COSIGN_SIGN_PREDICATE,
  SLSA_PROVENANCE_PREDICATE,
  SPDX_PREDICATE,
  TEST_RESULT_PREDICATE,
  parseProvenance,
  parseTestResult,
} from '@kiln/intoto';
import type { Statement } from '@kiln/intoto';
import { attempt } from './attestations.ts';
import type { Attestations } from './attestations.ts';
import { COMPOSITION_BUILD_TYPE } from './build-types.ts';
import type { ProvenanceExpectations } from './build-types.ts';
import { no, yes } from './read-content.ts';
import type { Outcome } from './read-content.ts';

/** The statements that an image must have. */
export type AttestationKind = 'signature' | 'sbom' | 'provenance' | 'test result';

const predicateTypes: Readonly<Record<AttestationKind, string>> = {
  signature: COSIGN_SIGN_PREDICATE,
  sbom: SPDX_PREDICATE,
  provenance: SLSA_PROVENANCE_PREDICATE,
  'test result': TEST_RESULT_PREDICATE,
};

/**
 * Whether there is a good statement of this kind; the value says what was compared. The signed predicate type decides what
 * kind a statement is, so an SBOM never counts as a signature. Of several one good one is enough, except that a signed
 * test result must not say that tests failed.
 */
export function checkKind(
  kind: AttestationKind,
  attestations: Attestations,
  expectations: ProvenanceExpectations,
): Outcome<string> {
  const type = predicateTypes[kind];
  const ofKind = attestations.statements.filter(({ predicateType }) => predicateType === type);
  const outcomes = ofKind.map((statement) => checkPredicate(kind, statement, expectations));
  const bad = outcomes.find(({ ok }) => !ok);
  if (kind === 'test result' && bad !== undefined) return bad;
  return outcomes.find(({ ok }) => ok) ?? bad ?? no(whyNone(type, attestations));
}

/** Whether anything of this kind was said, good or bad; also what did not count. */
export function hasKind(kind: AttestationKind, { statements, rejected }: Attestations): boolean {
  const type = predicateTypes[kind];
  return (
    statements.some(({ predicateType }) => predicateType === type) ||
    rejected.some(({ claimedType }) => claimedType === type)
  );
}

/**
 * True where the only provenance is that of a composition: an image laid over another one, for which nobody claims that it was
 * tested.
 */
export function isComposition({ statements }: Attestations): boolean {
  const types = statements
    .filter(({ predicateType }) => predicateType === SLSA_PROVENANCE_PREDICATE)
    .map(({ predicate }) => attempt(() => parseProvenance(predicate).buildType));
  return (
    types.length > 0 && types.every((type) => type.ok && type.value === COMPOSITION_BUILD_TYPE)
  );
}

function whyNone(type: string, { statements, rejected }: Attestations): string {
  const claimed = rejected.find(({ claimedType }) => claimedType === type) ?? rejected[0];
  const others = counted(statements.length, 'other signed statement');
  const reason = claimed === undefined ? '' : `; a bundle does not count: ${claimed.reason}`;
  return `no statement of type ${type} signed by the key (${others})${reason}`;
}

function checkPredicate(
  kind: AttestationKind,
  statement: Statement,
  expectations: ProvenanceExpectations,
): Outcome<string> {
  switch (kind) {
    case 'signature':
      return yes('by the image key, subject and predicate type cosign/sign/v1 match');
    case 'sbom':
      return checkSbom(statement.predicate);
    case 'provenance':
      return checkProvenance(statement.predicate, expectations);
    case 'test result':
      return checkTestResult(statement.predicate);
  }
}

function checkSbom(predicate: Statement['predicate']): Outcome<string> {
  const { spdxVersion, packages } = predicate;
  if (typeof spdxVersion !== 'string' || !/^SPDX-2\.\d$/.test(spdxVersion)) {
    return no('the signed SBOM is not an SPDX 2 document');
  }
  if (!Array.isArray(packages) || packages.length === 0)
    return no('the signed SBOM lists no packages');
  return yes(`signed, subject matches, ${spdxVersion} with ${counted(packages.length, 'package')}`);
}

function checkProvenance(
  predicate: Statement['predicate'],
  expectations: ProvenanceExpectations,
): Outcome<string> {
  const parsed = attempt(() => parseProvenance(predicate));
  if (!parsed.ok) return parsed;
  const { builderId, buildType, externalParameters, resolvedDependencies } = parsed.value;
  if (!expectations.builderIds.includes(builderId))
    return no(`unknown builder "${shorten(builderId)}"`);
  const names = expectations.buildTypes.get(buildType);
  if (names === undefined) return no(`unknown build type "${shorten(buildType)}"`);
  const present = Object.keys(externalParameters);
  const missing = names.required.find((name) => !present.includes(name));
  if (missing !== undefined) return no(`external parameter "${missing}" is missing`);
  const known = [...names.required, ...names.optional];
  const unknown = present.find((name) => !known.includes(name));
  if (unknown !== undefined) return no(`unknown external parameter "${shorten(unknown)}"`);
  const unpinned = resolvedDependencies.find(
    ({ digest, content }) => digest === undefined && content === undefined,
  );
  if (unpinned !== undefined) return no(`input "${shorten(unpinned.uri ?? '')}" has no digest`);
  return yes(
    `signed, subject matches, built by ${builderId}, ${counted(resolvedDependencies.length, 'input')} by digest`,
  );
}

function checkTestResult(predicate: Statement['predicate']): Outcome<string> {
  const parsed = attempt(() => parseTestResult(predicate));
  if (!parsed.ok) return parsed;
  const { result, passedTests, failedTests } = parsed.value;
  if (result === 'FAILED' || failedTests.length > 0)
    return no(`tests failed: ${shorten(failedTests.join(', '))}`);
  if (passedTests.length === 0) return no('the signed test result names no passed test');
  return yes(`signed, subject matches, ${counted(passedTests.length, 'test')} passed`);
}
