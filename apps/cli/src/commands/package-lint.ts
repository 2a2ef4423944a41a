import { mapBounded, shorten, counted } from '@kiln/base';
import { findingLines, lintPolicy } from '@kiln/lint';
import type { Finding } from '@kiln/lint';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import type { LintedFile } from '../local/lint-file.ts';
import { lintFile } from '../local/lint-file.ts';

const atOnce = 4;
const lineMax = 5000;

export const packageLint: Command = {
  name: 'package lint',
  summary:
    'Look for what should not be in packages: exit code 3 where a required linter finds anything. docs/linters.md lists the linters.',
  usage: 'package lint FILE|URL... [--require LINTERS] [--warn LINTERS] [--json]',
  examples: [
    'kiln package lint packages/x86_64/*.apk',
    'kiln package lint --require setuidgid,worldwrite --warn "" packages/x86_64/zlib-1.3-r0.apk',
    "kiln package lint --json *.apk | jq -r '.[].failures[].linter' | sort | uniq -c",
  ],
  options: {
    ...jsonOption,
    require: {
      type: 'string',
      value: 'LINTERS',
      help: 'these fail, with commas; see the docs for which do without it',
    },
    warn: { type: 'string', value: 'LINTERS', help: 'these warn' },
  },
  async run({ positionals, flags, print }) {
    if (positionals.length === 0) throw usage(packageLint, 'which packages?');
    const policy = lintPolicy({ require: namesOf(flags['require']), warn: namesOf(flags['warn']) });
    const linted = await mapBounded(positionals, atOnce, (file) =>
      lintFile(file, { policy, dialect: 'kiln' }),
    );
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(linted.map(row), null, 2)}\n`
        : linted.map(text).join(''),
    );
    return linted.some(({ report }) => report.failures.length > 0) ? 3 : 0;
  },
};

function namesOf(
  flag: string | boolean | readonly string[] | undefined,
): readonly string[] | undefined {
  return typeof flag === 'string' ? flag.split(',').filter((name) => name !== '') : undefined;
}

function row({ file, info, report }: LintedFile): unknown {
  const { name, version, arch } = info;
  const { warnings, failures } = report;
  return { file, name, version, arch, warnings, failures };
}

function text({ file, report }: LintedFile): string {
  const { failures, warnings } = report;
  const counts = [counted(failures.length, 'failure'), counted(warnings.length, 'warning')];
  return [
    `${file}: ${counts.join(', ')}`,
    ...failures.flatMap((finding) => lines('failure', finding)),
    ...warnings.flatMap((finding) => lines('warning', finding)),
    '',
  ].join('\n');
}

/** What packages call their files is shown without the characters that move a terminal’s cursor. */
function lines(kind: string, finding: Finding): readonly string[] {
  return findingLines(finding).map((line, at) =>
    shorten(`${at === 0 ? `${kind} ` : '  '}${line}`, lineMax),
  );
}
