export { localSigner } from './local-signer.ts';
export { MemoryLedger } from './memory-ledger.ts';
export { signSha256, signatureSegment } from './sign-apk.ts';
export type { SignatureSegmentRequest } from './sign-apk.ts';
export { signStatementBytes } from './sign-statement.ts';
export type { Signer, SigningLedger } from './signer.ts';
export {
  generateSigningKeys,
  keyHint,
  openImageKey,
  openSigningKeys,
  publicHalves,
} from './signing-keys.ts';
export type { PublicKeys, SigningKeyPems, SigningKeys } from './signing-keys.ts';
export { verifyBundle } from './verify-bundle.ts';
