import type { Position } from '@kiln/base';
import type { HardeningCheck } from '@kiln/recipe';
import type { EmittedPackage } from './emit.ts';
import type { NetworkRecord } from './network.ts';

/** A file that lacks a measure of hardening. */
export interface HardeningViolation {
  readonly packageName: string;
  readonly path: string;
  readonly check: HardeningCheck;
  readonly detail: string;
  /** The recipe's excuse; undefined makes the build fail. */
  readonly excuse: string | undefined;
}

export type BuildFailureCode =
  | 'BUILD_STEP_FAILED'
  | 'BUILD_ASSERTION_FAILED'
  | 'BUILD_TIMED_OUT'
  | 'BUILD_SCRIPT_TOO_LONG'
  | 'BUILD_TREE_REFUSED'
  | 'BUILD_NETWORK_REFUSED'
  | 'BUILD_LICENSE_UNREADABLE'
  | 'BUILD_HARDENING_FAILED'
  | 'BUILD_LINT_FAILED';

/** The recipe's fault: the same inputs would fail again, unless `retry` says that they may not. */
export interface BuildFailure {
  readonly kind: 'failed';
  readonly code: BuildFailureCode;
  readonly message: string;
  readonly position: Position | undefined;
  readonly hint: string | undefined;
  /** One line per thing that is wrong; of a step that failed or took too long the last lines that it printed, 20 at most. */
  readonly findings: readonly string[];
  /** Something outside was in trouble that may pass. */
  readonly retry?: 'later';
}

/** Whether the findings of a failure are what a step printed. */
export function showsOutput({ code }: Pick<BuildFailure, 'code'>): boolean {
  return code === 'BUILD_STEP_FAILED' || code === 'BUILD_TIMED_OUT';
}

export interface BuildReport {
  /** Violations that the recipe excuses. */
  readonly excused: readonly HardeningViolation[];
  /** Excuses that no file needed, as `path check`. */
  readonly unusedExceptions: readonly string[];
  /** Things worth a look that do not fail a build. */
  readonly warnings: readonly string[];
}

export type BuildOutcome =
  | {
      readonly kind: 'built';
      /** The main package, then the subpackages in the order of the recipe. */
      readonly packages: readonly EmittedPackage[];
      readonly report: BuildReport;
      /** What the steps fetched, where they had a network. */
      readonly network?: NetworkRecord;
    }
  | BuildFailure
  | { readonly kind: 'aborted' };
