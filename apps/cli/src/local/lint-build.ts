import fs from 'node:fs';
import path from 'node:path';
import { packagesOf, type AnalysedTree, type BuildFailure, type BuildPlan } from '@kiln/build';
import {
  findingLines,
  lintPackage,
  lintResultsFile,
  packagePolicies,
  printLintResults,
  type LintFacts,
  type LintPolicy,
  type LintReport,
} from '@kiln/lint';
import type { CompiledRecipe } from '@kiln/recipe';

export interface LintBuildOptions {
  readonly policy: LintPolicy;
  /** Told of every package that was linted. */
  onReport(report: LintReport): void;
  /** Where the results of packages with findings go, as melange persists them; undefined: nowhere. */
  readonly resultsFolder?: string | undefined;
}

/**
 * Runs the linters on the packages of a build before they are written; what the recipe disables for a package warns.
 * Returns the failure when a required linter found something: of all packages, or in the dialect `melange` of the first.
 * Throws `LINT_LINTER_UNKNOWN`, and what writing files does.
 */
export async function lintBuild(
  trees: readonly AnalysedTree[],
  { compiled, fullVersion }: Pick<BuildPlan, 'compiled' | 'fullVersion'>,
  { policy, onReport, resultsFolder }: LintBuildOptions,
): Promise<BuildFailure | undefined> {
  const { dialect } = compiled.recipe;
  const packages = packagesOf(compiled);
  const policies = packagePolicies({
    policy,
    disabled: packages.map(({ checksDisabled }) => checksDisabled),
    dialect,
  });
  const findings: string[] = [];
  for (const [index, subject] of trees.entries()) {
    const name = subject.tree.packageName;
    const report = await lintPackage({
      ...subject,
      facts: factsOf(compiled, name),
      policy: policies[index] ?? policy,
      dialect,
    });
    onReport(report);
    const results = resultsFolder === undefined ? undefined : printLintResults(report, fullVersion);
    if (resultsFolder !== undefined && results !== undefined) {
      fs.mkdirSync(resultsFolder, { recursive: true });
      fs.writeFileSync(path.join(resultsFolder, lintResultsFile(name, fullVersion)), results);
    }
    findings.push(...report.failures.flatMap(findingLines).map((line) => `${name}: ${line}`));
    if (dialect === 'melange' && findings.length > 0) break;
  }
  if (findings.length === 0) return undefined;
  return {
    kind: 'failed',
    code: 'BUILD_LINT_FAILED',
    message: 'a required linter found something',
    position: undefined,
    hint: 'change the recipe, or name the linter under checks.disabled of the package to make it a warning',
    findings,
  };
}

/** The recipe as it is written: compiled steps name no pipelines any more. */
function factsOf({ recipe }: CompiledRecipe, packageName: string): LintFacts {
  const owner =
    recipe.package.name === packageName
      ? recipe
      : recipe.subpackages.find(({ name }) => name === packageName);
  return { testPipelines: (owner?.test?.pipeline ?? []).map(({ uses }) => uses) };
}
