export {
  BUNDLE_CONTENT_ANNOTATION,
  BUNDLE_PREDICATE_ANNOTATION,
  EMPTY_CONFIG,
  EMPTY_CONFIG_DIGEST,
  EMPTY_CONFIG_MEDIA_TYPE,
  bundleManifest,
} from './bundle-manifest.ts';
export type { BundleManifestRequest } from './bundle-manifest.ts';
export { SIGSTORE_BUNDLE_MEDIA_TYPE, parseBundle, printBundle } from './bundle.ts';
export type { KeyBundle } from './bundle.ts';
export {
  DSSE_ENVELOPE_MEDIA_TYPE,
  INTOTO_PAYLOAD_TYPE,
  pae,
  parseEnvelope,
  printEnvelope,
} from './dsse.ts';
export type { DsseEnvelope, DsseSignature } from './dsse.ts';
export { intotoLimits } from './limits.ts';
export type { IntotoLimits } from './limits.ts';
export {
  APKO_CONFIGURATION_PREDICATE,
  COSIGN_SIGN_PREDICATE,
  CYCLONEDX_PREDICATE,
  SLSA_PROVENANCE_PREDICATE,
  SPDX_PREDICATE,
  TEST_RESULT_PREDICATE,
} from './predicate-types.ts';
export { alignedPart, base64Part, bundleFrame, statementFrame } from './parts.ts';
export type { Frame } from './parts.ts';
export { parseProvenance, slsaProvenance } from './provenance.ts';
export type { Provenance } from './provenance.ts';
export {
  STATEMENT_TYPE,
  hasSubject,
  parseStatement,
  printStatement,
  printStatementAround,
  statementAbout,
} from './statement.ts';
export type { DigestSet, ResourceDescriptor, Statement, Subject } from './statement.ts';
export { parseTestResult, testResult } from './test-result.ts';
export type { TestResult } from './test-result.ts';
