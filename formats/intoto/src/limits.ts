/** Bounds on everything this package reads; the counts are those of the Sigstore Go verifier. */
export interface IntotoLimits {
  /** Bytes of a Sigstore bundle or of a DSSE envelope. */
  readonly bundleSizeBytesMax: number;
  /** Bytes of a statement. */
  readonly statementSizeBytesMax: number;
  /** Nesting of objects and arrays in any document. */
  readonly depthMax: number;
  readonly subjectsMax: number;
  readonly digestsPerSubjectMax: number;
  readonly logEntriesMax: number;
  readonly timestampsMax: number;
}

export const intotoLimits: IntotoLimits = {
  bundleSizeBytesMax: 48 * 1024 * 1024,
  statementSizeBytesMax: 32 * 1024 * 1024,
  depthMax: 64,
  subjectsMax: 1024,
  digestsPerSubjectMax: 32,
  logEntriesMax: 32,
  timestampsMax: 32,
};
