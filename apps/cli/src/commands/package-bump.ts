import { KilnError, shorten, systemRandom } from '@kiln/base';
import { fetchUrl } from '@kiln/sources';
import { isVersion } from '@kiln/version';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { hostArchitecture } from '../local/architecture.ts';
import { bumpRecipe, type Bumped } from '../local/bump-recipe.ts';
import { textOf } from '../local/options.ts';
import { size } from '../report.ts';

export const packageBump: Command = {
  name: 'package bump',
  summary:
    'Set a recipe to another version: epoch, digests of what it fetches, and commits. The rest of the file keeps its bytes. Needs no running factory.',
  usage: 'package bump RECIPE VERSION [--expected-commit SHA] [--dry-run] [--json]',
  examples: [
    'kiln package bump zlib.yaml 1.3.1',
    'kiln package bump zlib.yaml 1.3.1 --dry-run',
    'kiln package bump git.yaml 2.51.0 --expected-commit $(git ls-remote URL v2.51.0^{} | cut -f1)',
  ],
  options: {
    ...jsonOption,
    'expected-commit': {
      type: 'string',
      value: 'SHA',
      help: 'the commit of the version, for git-checkout steps whose tag follows from it',
    },
    'dry-run': { type: 'boolean', help: 'fetch, and say what would change, but write nothing' },
  },
  async run(invocation) {
    const { positionals, flags, print } = invocation;
    const [file, version] = positionals;
    if (file === undefined || version === undefined || positionals.length > 2)
      throw usage(packageBump, 'which recipe, and which version?');
    if (!isVersion(`${version}-r0`))
      throw new KilnError('USAGE', `not a version of apk packages: "${shorten(version)}"`, {
        hint: 'give it without v in front and without a revision, such as 1.2.3 or 1.2_rc1',
      });
    const bumped = await bumpRecipe(
      {
        file,
        version,
        dialect: 'kiln',
        arch: hostArchitecture(),
        expectedCommit: textOf(flags['expected-commit']),
        dryRun: flags['dry-run'] === true,
      },
      {
        fetchUrl,
        random: systemRandom,
        signal: undefined,
        onFetch: (uri) => print.talk(`fetching ${uri}\n`),
      },
    );
    if (flags['json'] === true) print.data(`${JSON.stringify(document(bumped, file), null, 2)}\n`);
    else report(bumped, file, print);
    return 0;
  },
};

function document({ plan, changes, fetched }: Bumped, file: string): unknown {
  return {
    file,
    package: plan.name,
    version: plan.version,
    epoch: plan.epoch,
    changes: changes.map(({ what, from, to, position }) => ({
      what,
      line: position.line,
      from,
      to,
    })),
    fetched,
    remarks: plan.remarks.map(({ what, reason, position }) => ({
      what,
      line: position.line,
      reason,
    })),
  };
}

function report(
  { plan, changes, fetched }: Bumped,
  file: string,
  print: Invocation['print'],
): void {
  for (const { uri, sizeBytes } of fetched) print.talk(`fetched ${uri}, ${size(sizeBytes)}\n`);
  for (const { what, from, to, position } of changes)
    print.talk(`${file}:${position.line}: ${what}: ${from} -> ${to}\n`);
  for (const { what, reason, position } of plan.remarks)
    print.talk(`${file}:${position.line}: ${what}: ${reason}\n`);
  print.data(`${plan.name}-${plan.version}-r${plan.epoch}\n`);
}
