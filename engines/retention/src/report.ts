/** What a sweep removes. */
export type SweptKind =
  | 'manifest'
  | 'link'
  | 'result'
  | 'generation'
  | 'attestation'
  | 'ledger'
  | 'components'
  | 'blob';

export interface SweptCount {
  readonly kind: SweptKind;
  readonly count: number;
  /** Of blobs what the disk gets back; of the others 0, since they name bytes and hold none. */
  readonly bytes: number;
}

/** How a sweep went. */
export interface SweepReport {
  readonly dryRun: boolean;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly removed: readonly SweptCount[];
  /** How many different digests records name. */
  readonly named: number;
  /** How many blobs stay because a record names them. */
  readonly kept: number;
  /** Repositories of which nothing was forgotten, because the bytes of a manifest could not be read. */
  readonly unread: readonly string[];
}
