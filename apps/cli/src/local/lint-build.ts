import fs from 'node:fs';
import path from 'node:path';
import type { AnalysedTree, BuildFailure, BuildPlan } from '@kiln/build';
import {
  lintBuild,
  lintResultsFile,
  printLintResults,
  type LintPolicy,
  type LintReport,
} from '@kiln/lint';
import { folderPlace } from '../folder-place.ts';

export interface LintLocallyOptions {
  readonly policy: LintPolicy;
  /** Told of every package that was linted. */
  onReport(report: LintReport): void;
  /** Where the results of packages with findings go, as melange persists them; undefined: nowhere. */
  readonly resultsFolder?: string | undefined;
}

/** Runs the linters on the packages of a build as `lintBuild` does, and keeps what they found. Throws what writing files does. */
export function lintLocally(
  trees: readonly AnalysedTree[],
  { compiled, fullVersion }: Pick<BuildPlan, 'compiled' | 'fullVersion'>,
  { policy, onReport, resultsFolder }: LintLocallyOptions,
): Promise<BuildFailure | undefined> {
  return lintBuild({
    trees,
    compiled,
    policy,
    onReport: (report) => {
      onReport(report);
      const results = printLintResults(report, fullVersion);
      if (resultsFolder === undefined || results === undefined) return;
      fs.mkdirSync(folderPlace(resultsFolder), { recursive: true });
      const file = lintResultsFile(report.packageName, fullVersion);
      fs.writeFileSync(path.join(resultsFolder, file), results);
    },
  });
}
