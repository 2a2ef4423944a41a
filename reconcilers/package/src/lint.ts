import { KilnError, shorten } from '@kiln/base';
import type { AnalysedTree, BuildFailure, BuildPlan } from '@kiln/build';
import type { PackageFinding } from '@kiln/factory';
import type { Finding } from '@kiln/lint';
import { defaultPolicy, findingLines, itemsOf, lintBuild } from '@kiln/lint';

const itemsMax = 50;

/** The linters' part of one build. */
export class BuildLinter {
  /** What linters that warn found. */
  readonly warnings: PackageFinding[] = [];
  #failed: { readonly packageName: string; readonly finding: Finding } | undefined;

  /** Looks at the packages, and writes what was found. Throws `LINT_LINTER_UNKNOWN`. */
  async inspect(
    trees: readonly AnalysedTree[],
    { compiled }: BuildPlan,
    log: (line: string) => void,
  ): Promise<BuildFailure | undefined> {
    return lintBuild({
      trees,
      compiled,
      policy: defaultPolicy,
      onReport: ({ packageName, warnings, failures }) => {
        for (const finding of warnings) {
          this.warnings.push(recorded(packageName, finding));
          for (const line of findingLines(finding)) log(`warning | ${packageName}: ${line}`);
        }
        const [finding] = failures;
        if (finding !== undefined) this.#failed ??= { packageName, finding };
      },
    });
  }

  /** The failure as the line shows it: which linter, in which package, what first, and what to do. */
  explain(failure: BuildFailure): KilnError | undefined {
    if (this.#failed === undefined) return undefined;
    const { packageName, finding } = this.#failed;
    const [first, ...more] = itemsOf(finding.details);
    const found = first === undefined ? '' : `: ${first}`;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    return new KilnError(
      failure.code,
      shorten(
        `linter ${finding.linter}: ${packageName}${found}${others}: ${finding.message}`,
        1000,
      ),
      { hint: `${finding.explain}; or ${failure.hint ?? ''}` },
    );
  }
}

function recorded(packageName: string, finding: Finding): PackageFinding {
  const { linter, message, explain, details } = finding;
  const items = itemsOf(details).slice(0, itemsMax);
  return { package: packageName, linter, message, explain, items };
}
