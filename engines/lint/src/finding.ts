import type { AnalysedTree, Dialect } from '@kiln/build';
import type { LinterName } from './catalogue.ts';

export interface PermissionInfo {
  readonly path: string;
  /** Octal, without leading zero. */
  readonly mode: string;
  readonly permissions: readonly string[];
}

export interface DuplicateInfo {
  readonly basename: string;
  readonly count: number;
  readonly size_bytes: number;
  /** For people: `2.0 kB`. */
  readonly size: string;
  readonly wasted_bytes: number;
  readonly wasted_size: string;
  readonly paths: readonly string[];
}

/** What exactly was found, in the shapes and with the keys of melange's results. */
export type LintDetails =
  | { readonly paths: readonly string[] }
  | { readonly files: readonly PermissionInfo[] }
  | { readonly files: readonly { readonly path: string; readonly arch: string }[] }
  | { readonly binaries: readonly string[] }
  | { readonly binaries: readonly { readonly path: string; readonly arch: string }[] }
  | { readonly references: readonly { readonly path: string; readonly platform: string }[] }
  | { readonly count: number; readonly packages: readonly string[] }
  | {
      readonly total_duplicate_sets: number;
      readonly total_wasted_bytes: number;
      readonly total_wasted_size: string;
      readonly duplicates: readonly DuplicateInfo[];
    };

/** What a linter has to say of a package. */
export interface Complaint {
  /** One line. */
  readonly message: string;
  /** Lines that explain it further, for people. */
  readonly more?: readonly string[];
  readonly details?: LintDetails;
}

export interface Finding extends Complaint {
  readonly linter: LinterName;
  /** What to do about it. */
  readonly explain: string;
}

/** What linters know of a package beside its tree. */
export interface LintFacts {
  /** The pipelines that the steps of the package's test name with `uses`; undefined: its recipe is not known. */
  readonly testPipelines: readonly string[] | undefined;
}

export interface LintSubject extends AnalysedTree {
  readonly facts: LintFacts;
  readonly dialect: Dialect;
}

export type Linter = (
  subject: LintSubject,
) => Complaint | undefined | Promise<Complaint | undefined>;

/** Where a package's SBOM lies, which nobody put there. */
export function inSbomDirectory(path: string): boolean {
  return path.startsWith('var/lib/db/sbom/');
}
