import { packagesOf, type AnalysedTree, type BuildFailure } from '@kiln/build';
import type { CompiledRecipe } from '@kiln/recipe';
import type { LintFacts } from './finding.ts';
import { packagePolicies, type LintPolicy } from './policy.ts';
import { findingLines, lintPackage, type LintReport } from './report.ts';

export interface LintBuildRequest {
  /** The packages of the build in its order, before anything of them is written. */
  readonly trees: readonly AnalysedTree[];
  readonly compiled: CompiledRecipe;
  readonly policy: LintPolicy;
  /** Told of every package that was linted. */
  onReport(report: LintReport): void;
}

/**
 * Runs the linters on the packages of a build; what the recipe disables for a package warns. Returns the failure when a
 * required linter found something: of all packages, or in the dialect `melange` of the first. Throws `LINT_LINTER_UNKNOWN`.
 */
export async function lintBuild(request: LintBuildRequest): Promise<BuildFailure | undefined> {
  const { trees, compiled, policy, onReport } = request;
  const { dialect } = compiled.recipe;
  const policies = packagePolicies({
    policy,
    disabled: packagesOf(compiled).map(({ checksDisabled }) => checksDisabled),
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
