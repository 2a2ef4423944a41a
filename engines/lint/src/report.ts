import { compareBytes } from '@kiln/base';
import type { AnalysedTree, Dialect } from '@kiln/build';
import type { Finding, LintDetails, LintFacts } from './finding.ts';
import { lintTree } from './lint.ts';
import type { LintPolicy } from './policy.ts';

export interface PackageLintRequest extends AnalysedTree {
  readonly facts: LintFacts;
  readonly policy: LintPolicy;
  /** Default `kiln`. */
  readonly dialect?: Dialect;
}

export interface LintReport {
  readonly packageName: string;
  /** Of linters that warn, in their order. */
  readonly warnings: readonly Finding[];
  /** Of required linters: any of them fails the build. */
  readonly failures: readonly Finding[];
}

/** Runs the linters of a policy on one package. */
export async function lintPackage(request: PackageLintRequest): Promise<LintReport> {
  const { policy, tree } = request;
  return {
    packageName: tree.packageName,
    warnings: await lintTree({ ...request, linters: policy.warn }),
    failures: await lintTree({ ...request, linters: policy.required }),
  };
}

/**
 * The results as melange persists them, or undefined when there are none: JSON indented by two spaces, linters sorted,
 * characters that HTML gives a meaning escaped, without line break at the end. `version` is the full version.
 */
export function printLintResults(report: LintReport, version: string): string | undefined {
  const findings = [...report.warnings, ...report.failures];
  if (findings.length === 0) return undefined;
  const byLinter = [...Map.groupBy(findings, ({ linter }) => linter)].sort(([a], [b]) =>
    compareBytes(a, b),
  );
  const results = {
    package_name: `${report.packageName}-${version}`,
    findings: Object.fromEntries(
      byLinter.map(([linter, found]) => [
        linter,
        found.map(({ message, explain, details }) => ({ message, explain, details })),
      ]),
    ),
  };
  return JSON.stringify(results, undefined, 2).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `lint-<package>-<full version>.json`. */
export function lintResultsFile(packageName: string, version: string): string {
  return `lint-${packageName}-${version}.json`;
}

/** A finding for people: its message, what explains it, what to do, and each thing that was found. */
export function findingLines(finding: Finding): readonly string[] {
  return [
    `[${finding.linter}] ${finding.message}`,
    ...(finding.more ?? []).map((line) => `  ${line}`),
    `  → ${finding.explain}`,
    ...itemsOf(finding.details).map((item) => `    - ${item}`),
  ];
}

/** Each thing that was found, in one line. */
export function itemsOf(details: LintDetails | undefined): readonly string[] {
  if (details === undefined) return [];
  if ('paths' in details) return details.paths;
  if ('packages' in details) return details.packages;
  if ('references' in details)
    return details.references.map(({ path, platform }) => `${path} (${platform})`);
  if ('duplicates' in details)
    return details.duplicates.map(
      ({ basename, count, wasted_size }) => `${basename} (${count} copies, ${wasted_size} wasted)`,
    );
  if ('binaries' in details)
    return details.binaries.map((one) =>
      typeof one === 'string' ? one : `${one.path} (${one.arch})`,
    );
  return details.files.map((one) => {
    if ('arch' in one) return `${one.path} (${one.arch})`;
    const permissions = one.permissions.join('+');
    return permissions.startsWith('world-writable')
      ? `${one.path} (mode: ${one.mode}) [${permissions}]`
      : `${one.path} (mode: ${one.mode}, ${permissions})`;
  });
}
