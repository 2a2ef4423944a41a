import type { Digest } from '@kiln/base';

/**
 * The port to the signer, a process of its own that alone holds keys. A caller names a record of the factory; the
 * signer reads that record itself, refuses (`SIGNER_NOT_RECORDED`) what was not recorded, and returns signature material.
 */
export interface Signer {
  /** The signature segment (one gzip member, `.SIGN.RSA256.<key>`) for the control segment with this SHA-256 of a recorded build. */
  signControl(controlSha256: Digest, mtimeSeconds: number): Promise<Uint8Array>;
  /** The signature segment for a recorded, unsigned index member with this SHA-256. */
  signIndex(indexSha256: Digest): Promise<Uint8Array>;
  /**
   * A Sigstore bundle v0.3 (key mode, DSSE) over the in-toto statement stored as this blob, which must be recorded as
   * an attestation to be made for its subject. Returns the bundle's JSON bytes.
   */
  signStatement(statement: Digest): Promise<Uint8Array>;
  /**
   * The signatures of many statements, each as `signStatement` makes it, in the order asked, for a caller who composes the
   * bundles. All or none. Throws `SIGNER_REQUEST_INVALID` above `signingLimits`.
   */
  signStatements(statements: readonly Digest[]): Promise<readonly StatementSignature[]>;
  /** Public halves: the apk key as PEM with its file name, and the image key as PEM. */
  publicKeys(): Promise<{
    readonly apkKeyName: string;
    readonly apkKeyPem: string;
    readonly imageKeyPem: string;
  }>;
}

/** What the bundle of a signed statement holds beside it. */
export interface StatementSignature {
  /** ECDSA over the DSSE encoding, in DER. */
  readonly signature: Uint8Array;
  readonly keyHint: string;
}

/** Bounds of one `signStatements`. */
export interface SigningLimits {
  readonly statementsMax: number;
  /** Of all statements together. */
  readonly statementsSizeBytesMax: number;
}

export const signingLimits: SigningLimits = {
  statementsMax: 1024,
  statementsSizeBytesMax: 512 * 1024 * 1024,
};

/** What the signer asks before it signs. Implemented over the factory's records. */
export interface SigningLedger {
  isRecordedControl(controlSha256: Digest): Promise<boolean>;
  isRecordedIndex(indexSha256: Digest): Promise<boolean>;
  /** The statement's bytes when it is recorded, else undefined. */
  recordedStatement(statement: Digest): Promise<Uint8Array | undefined>;
  /** Those that are recorded, each with what reads its bytes; the records are asked once. */
  recordedStatements(
    statements: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, () => Promise<Uint8Array>>>;
}
