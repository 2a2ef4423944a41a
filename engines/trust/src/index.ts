export {
  COMPOSITION_BUILD_TYPE,
  IMAGE_BUILD_TYPE,
  KILN_BUILDER_ID,
  PACKAGE_BUILD_TYPE,
  SEED_BUILD_TYPE,
  kilnImageExpectations,
  kilnPackageExpectations,
} from './build-types.ts';
export type { ParameterNames, ProvenanceExpectations } from './build-types.ts';
export { imageStatements } from './image-statements.ts';
export type { ImageEvidence, PreparedStatement } from './image-statements.ts';
export { verificationLimits } from './image-source.ts';
export type { ImageSource, VerificationLimits } from './image-source.ts';
export { localSigner } from './local-signer.ts';
export { MemoryLedger } from './memory-ledger.ts';
export { bundleOf, signStatementBytes } from './sign-statement.ts';
export { signedPredicate } from './signed-predicate.ts';
export type { SignedPredicate, SignedPredicateRequest } from './signed-predicate.ts';
export { packageDependency } from './package-dependency.ts';
export { packageStatement } from './package-statement.ts';
export type { PackageEvidence } from './package-statement.ts';
export type { Signer, SigningLedger, SigningLimits, StatementSignature } from './signer.ts';
export { signingLimits } from './signer.ts';
export {
  generateSigningKeys,
  keyHint,
  openImageKey,
  openSigningKeys,
  publicHalves,
} from './signing-keys.ts';
export type { PublicKeys, SigningKeyPems, SigningKeys } from './signing-keys.ts';
export type { AttestationKind } from './statement-checks.ts';
export { assertVerified, printVerification } from './verification.ts';
export type { CheckName, VerificationCheck, VerificationReport } from './verification.ts';
export { verifyBundle } from './verify-bundle.ts';
export { verifyImage } from './verify-image.ts';
export type { VerifyImageRequest } from './verify-image.ts';
export { verifyPackage } from './verify-package.ts';
export type { VerifyPackageRequest } from './verify-package.ts';
