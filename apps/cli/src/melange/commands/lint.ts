import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@kiln/base';
import { KilnError, mapBounded, shorten } from '@kiln/base';
import type { Finding } from '@kiln/lint';
import { findingLines, lintPolicy, lintResultsFile, printLintResults } from '@kiln/lint';
import type { LintedFile } from '../../local/lint-file.ts';
import { lintFile } from '../../local/lint-file.ts';
import { size } from '../../report.ts';
import { lintFlags } from '../build-flags.ts';
import type { DropInInvocation, Subcommand } from '../../drop-in/subcommand.ts';

const atOnce = 4;
/** What packages call their files is shown without the characters that move a terminal’s cursor. */
const lineMax = 5000;

export const lint: Subcommand = {
  name: 'lint',
  usage: '<package.apk...>',
  summary: 'Look for what should not be in packages',
  description:
    'Look for what should not be in packages, files or addresses. A finding of a required linter is an error, after all packages were looked at.',
  examples: [
    'kiln melange lint packages/x86_64/*.apk',
    'kiln melange lint --lint-require setuidgid,worldwrite --lint-warn opt,srv zlib-1.3-r0.apk',
  ],
  positionals: { min: 1 },
  flags: {
    ...lintFlags,
    'out-dir': {
      type: 'string',
      default: 'packages',
      help: 'the folder of the findings that --persist-lint-results writes',
    },
  },
  run: lintFiles,
};

async function lintFiles({ flags, positionals, log, signal }: DropInInvocation): Promise<void> {
  const policy = lintPolicy({ require: flags.list('lint-require'), warn: flags.list('lint-warn') });
  const folder = flags.bool('persist-lint-results') ? flags.string('out-dir') : undefined;
  const failures = await mapBounded(positionals, atOnce, async (file) => {
    try {
      // Where results are written, melange makes up for a recipe that is missing.
      const tellsMissingRecipe = folder === undefined;
      const linted = await lintFile(file, {
        policy,
        dialect: 'melange',
        tellsMissingRecipe,
        signal,
      });
      tell(log, linted);
      if (folder !== undefined) await persist(log, linted, folder);
      return linted.report.failures.flatMap(failureLines);
    } catch (error) {
      // The other packages are looked at all the same.
      if (!(error instanceof KilnError)) throw error;
      return [error.message];
    }
  });
  if (failures.flat().length > 0)
    throw new KilnError('MELANGE_LINT_FAILED', failures.flat().join('\n'));
}

/** All lines of a package together, as several are looked at at once. */
function tell(log: Logger, { info, sizeBytes, report }: LintedFile): void {
  log.info(`linting apk: ${shorten(info.name)} (size: ${size(sizeBytes)})`);
  for (const finding of [...report.warnings, ...report.failures])
    for (const line of findingLines(finding)) log.warn(shorten(line, lineMax));
}

function failureLines({ linter, message, more = [] }: Finding): readonly string[] {
  return [`linter "${linter}" failed: ${message}`, ...more].map((line) => shorten(line, lineMax));
}

/**
 * As melange: what goes for a version in the results is followed by an epoch that no package has, and so it is in the name
 * of the file where no recipe in the package says more.
 */
async function persist(
  log: Logger,
  { info, recipeVersion, report }: LintedFile,
  folder: string,
): Promise<void> {
  const version = `${info.version}-r0`;
  const text = printLintResults(report, version);
  if (text === undefined) {
    log.info(`no lint findings to persist for package ${info.name}`);
    return;
  }
  const architecture = info.arch === '' ? folder : path.join(folder, folderName(info.arch));
  const file = path.join(
    architecture,
    folderName(lintResultsFile(info.name, recipeVersion ?? version)),
  );
  await mkdir(architecture, { recursive: true });
  await writeFile(file, text);
  log.info(`saved lint results to ${file}`);
}

/** A package may call itself anything. Throws `APK_INFO_INVALID` for what would lead out of the folder. */
function folderName(name: string): string {
  if (!/[/\0]|^\.{0,2}$/.test(name)) return name;
  throw new KilnError('APK_INFO_INVALID', `no name of a file or folder: "${shorten(name)}"`);
}
