import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPackage, type ApkPackage } from '@kiln/apk';
import { parseYaml, plainValue } from '@kiln/yaml';
import { describe, expect, test } from 'vitest';
import { lintPackageFile } from './package-file.ts';
import { lintPolicy, packagePolicies, type LintPolicy } from './policy.ts';
import { findingLines, lintResultsFile, printLintResults, type LintReport } from './report.ts';

/** The small set lies here; the whole one, where there is one, beside the repository. */
const sets = [
  ['the kept set', fileURLToPath(new URL('../testdata/', import.meta.url))],
  ['the whole set', fileURLToPath(new URL('../../../../shared/data/parity/', import.meta.url))],
].filter(([, root = '']) => existsSync(join(root, 'melange/lint')));

interface Run {
  readonly command: string;
  readonly exit: number;
  readonly log: readonly string[];
}

interface Results {
  readonly build: Run;
  readonly buildAllAsWarnings: Run;
  readonly files: Readonly<Record<string, Readonly<Record<'default' | 'all', Run>>>>;
}

interface Recipe {
  readonly package: RecipePackage & { readonly version: string; readonly epoch: string };
  readonly subpackages?: readonly RecipePackage[];
}

interface RecipePackage {
  readonly name: string;
  readonly checks?: { readonly disabled?: readonly string[] };
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

function policyOf({ command }: Run): LintPolicy {
  const flag = (name: string): readonly string[] | undefined =>
    new RegExp(`--lint-${name} (\\S+)`).exec(command)?.[1]?.split(',');
  return lintPolicy({ require: flag('require'), warn: flag('warn') });
}

function open(path: string): Promise<ApkPackage> {
  return readPackage(readFileSync(path));
}

/** What the log shows of findings, without what else it tells. */
function warningsIn({ log }: Run): readonly string[] {
  return log
    .filter((line) => line.startsWith('WARN ') && line !== 'WARN /etc/os-release is missing')
    .map((line) => line.slice('WARN '.length));
}

function linesOf({ warnings, failures }: LintReport): readonly string[] {
  return [...warnings, ...failures].flatMap(findingLines);
}

/** Lints the packages of a recipe in order until one fails. */
async function lintBuild(folder: string, run: Run): Promise<readonly LintReport[]> {
  const text = readFileSync(join(folder, 'recipe.yaml'), 'utf8');
  const recipe = plainValue(parseYaml(text, { file: 'recipe.yaml' })) as Recipe;
  const packages = [recipe.package, ...(recipe.subpackages ?? [])];
  const policies = packagePolicies({
    policy: policyOf(run),
    disabled: packages.map(({ checks }) => checks?.disabled ?? []),
    dialect: 'melange',
  });
  const reports: LintReport[] = [];
  for (const [index, { name }] of packages.entries()) {
    const { version, epoch } = recipe.package;
    const apk = await open(join(folder, `expected/${name}-${version}-r${epoch}.apk`));
    const policy = policies[index];
    if (policy === undefined) throw new Error('no policy');
    const report = await lintPackageFile({ apk, policy, dialect: 'melange' });
    reports.push(report);
    if (report.failures.length > 0) break;
  }
  return reports;
}

describe.each(sets)('in %s', (_name, root = '') => {
  const folders = globSync('melange/lint/*', { cwd: root })
    .map((folder) => join(root, folder))
    .sort();
  const named = folders.map((folder): [string, string] => [basename(folder), folder]);

  test.each(named)('a build of "%s" is linted as melange does', async (_case, folder) => {
    const expected = join(folder, 'expected');
    const results = readJson(join(expected, 'result.json')) as Results;
    for (const [prefix, run] of [
      ['build', results.build],
      ['all', results.buildAllAsWarnings],
    ] as const) {
      const reports = await lintBuild(folder, run);
      expect(reports.some(({ failures }) => failures.length > 0)).toBe(run.exit !== 0);
      expect(reports.flatMap(linesOf)).toEqual(warningsIn(run));
      const written = reports.flatMap((report) => {
        const text = printLintResults(report, '1.0.0-r0');
        const file = `${prefix}-${lintResultsFile(report.packageName, '1.0.0-r0')}`;
        return text === undefined ? [] : [[file, text]];
      });
      const files = globSync(`${prefix}-lint-*.json`, { cwd: expected });
      expect(Object.fromEntries(written)).toEqual(
        Object.fromEntries(files.map((file) => [file, readFileSync(join(expected, file), 'utf8')])),
      );
    }
  });

  test.each(named)('the files of "%s" are linted as melange does', async (_case, folder) => {
    const results = readJson(join(folder, 'expected/result.json')) as Results;
    for (const [file, runs] of Object.entries(results.files)) {
      for (const run of Object.values(runs)) {
        const apk = await open(join(folder, 'expected', file));
        const report = await lintPackageFile({ apk, policy: policyOf(run), dialect: 'melange' });
        expect([file, linesOf(report)]).toEqual([file, warningsIn(run)]);
        expect(report.failures.length > 0).toBe(run.exit !== 0);
      }
    }
  });

  const packages = globSync('melange/cases/*/expected/*.apk', { cwd: root }).sort();

  test.each(packages)('a build writes the results of "%s" as melange does', async (file) => {
    const path = join(root, file);
    const apk = await open(path);
    const report = await lintPackageFile({ apk, policy: lintPolicy({}), dialect: 'melange' });
    const { name, version } = apk.info;
    const results = join(dirname(path), lintResultsFile(name, version));
    expect(printLintResults(report, version)).toBe(
      existsSync(results) ? readFileSync(results, 'utf8') : undefined,
    );
  });
});
