import type { Digest } from '@kiln/base';
import type { RepositoryContents } from './kept-contents.ts';
import type { SweepReport } from './report.ts';

/** What a repository no longer shows. */
export interface ForgottenContents {
  readonly manifests: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  readonly blobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
}

/** Which records name blobs; those about something follow the others. */
export type NamingSource =
  | 'manifest'
  | 'blob'
  | 'result'
  | 'generation'
  | 'desired'
  | 'state'
  | 'attestation'
  | 'ledger';

/** A record that names blobs. */
export interface NamingRow {
  /** Names the record among those of its source. */
  readonly id: string;
  /** The digest whose end is the end of this record too; null for what stands by itself. */
  readonly about: string | null;
  /** When the record was last written or used, where `about` is something; milliseconds since 1970. */
  readonly at: number | null;
  /** Every 64 hexadecimal digits in a row are taken for a blob's digest: rather one too many than one too few. */
  readonly text: string;
}

/**
 * The records of a factory as a sweep needs them. What is forgotten is looked at again in the statement that removes it,
 * so that what came into use since it was chosen stays.
 */
export interface RetentionRecords {
  /** Runs `work` while no other sweep runs anywhere; undefined when one does. Nothing outlives the process. */
  alone<T>(work: () => Promise<T>): Promise<T | undefined>;

  repositories(): Promise<readonly string[]>;
  contents(repository: string): Promise<RepositoryContents>;
  /** Writes down what manifests hold that nobody looked into yet. */
  learnHolds(repository: string, holds: ReadonlyMap<Digest, readonly Digest[]>): Promise<void>;
  /**
   * Removes what `choose` says from what the repository shows, while nothing is published there. Manifests used since
   * `untaggedSince` and blobs used since `blobsSince` stay.
   */
  forgetContents(
    repository: string,
    choose: (contents: RepositoryContents) => ForgottenContents,
    ages: { readonly untaggedSince: number; readonly blobsSince: number },
  ): Promise<ForgottenContents>;

  /** Results that no key stands on, not used since then: their actions. */
  staleResults(unusedSince: number): Promise<readonly Digest[]>;
  /** How many went. */
  forgetResults(actions: readonly Digest[], unusedSince: number): Promise<number>;
  /** Generations made before then, the newest `kept` of each index excepted: ids of their rows. */
  staleGenerations(madeBefore: number, kept: number): Promise<readonly string[]>;
  forgetGenerations(ids: readonly string[]): Promise<number>;
  /** Removes what was said of files and recorded for the signer, unless it was written since. */
  forgetStatements(
    source: 'attestation' | 'ledger',
    ids: readonly string[],
    writtenBefore: number,
  ): Promise<number>;
  /** How many sets of components no image has, or would have if these manifests were gone. */
  staleComponentSets(
    gone: readonly { readonly repository: string; readonly digest: Digest }[],
  ): Promise<number>;
  /** Removes sets of components that no image has; how many went. */
  forgetComponentSets(): Promise<number>;

  /** Every record that names blobs, as of one instant that is not before the call. */
  names(): AsyncIterable<{ readonly source: NamingSource; readonly rows: readonly NamingRow[] }>;
  /** The records that name this digest, and the repositories that show it. */
  naming(digest: Digest): Promise<{
    readonly records: readonly { readonly source: NamingSource; readonly id: string }[];
    readonly repositories: readonly string[];
  }>;

  saveReport(report: SweepReport): Promise<void>;
  /** The report of the last sweep that removed something or could have. */
  lastReport(): Promise<SweepReport | undefined>;
}

/** What names blobs beside the records. */
export interface OtherNames {
  /** The blob with this SHA-512, if that is known. */
  bySha512(hex: string): Promise<Digest | undefined>;
  /** Texts that name blobs. What belongs to results that are not wanted, and is old, is removed, or would be. */
  texts(request: {
    readonly wanted: (action: Digest) => boolean;
    readonly writtenBefore: number;
    readonly dryRun: boolean;
  }): AsyncIterable<string>;
}
