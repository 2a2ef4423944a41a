import path from 'node:path';
import { mergeIntoIndexFile } from '@kiln/apk-files';
import { systemClock, systemRandom, counted } from '@kiln/base';
import type { BuildLogLine } from '@kiln/build';
import type { Architecture } from '@kiln/recipe';
import { appliesTo } from '@kiln/recipe';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { Interrupt } from '../interrupt.ts';
import { buildTree } from '../local/build-tree.ts';
import { buildTwice, type CheckedBuild } from '../local/check.ts';
import type { Debugging } from '../local/debugging.ts';
import { KeptBuilds } from '../local/kept-builds.ts';
import { buildLocally, type FinishedBuild, type LocalBuildResult } from '../local/local-build.ts';
import { architecturesOf } from '../local/options.ts';
import {
  buildOptions,
  buildRequestOf,
  networkOptions,
  openSession,
  readRecipe,
  recipeOptions,
  sharingOptions,
  type PackageSession,
  type Subject,
} from '../local/package-session.ts';
import { checkPublished } from '../local/published.ts';
import type { ReleaseCheck } from '../local/release-check.ts';
import { writeNetworkRecord, writeProvenance, writeReproduction } from '../local/statements.ts';
import { duration, size } from '../report.ts';

export const packageBuild: Command = {
  name: 'package build',
  summary:
    'Build recipes into packages, hermetically: sources come first and by digest, steps have no network unless the recipe says why. Needs no running factory.',
  usage:
    'package build RECIPE|DIR... --repository URL|DIR [--keyring FILE] [--signing-key FILE] [--all]',
  examples: [
    'kiln package build zlib.yaml --repository ./seed --keyring seed.rsa.pub --signing-key kiln.rsa',
    'kiln package build --all recipes --repository https://packages.example.org/os --keyring os.rsa.pub',
    'kiln package build zlib.yaml --repository ./seed --keyring seed.rsa.pub --debug --interactive',
    'kiln package build --all recipes --repository ./seed --signing-key kiln.rsa --cache-from https://cache.example.org/kiln --cache-to https://cache.example.org/kiln',
    'kiln package build --affected-by origin/main recipes --repository ./packages --keyring kiln.rsa.pub',
  ],
  options: {
    ...jsonOption,
    ...recipeOptions,
    ...buildOptions,
    ...sharingOptions,
    ...networkOptions,
    check: {
      type: 'boolean',
      help: 'build twice, the second time elsewhere, and compare: exit code 3 where they differ',
    },
    all: {
      type: 'boolean',
      help: 'build all recipes of folders in the order in which they need each other; what needs a failed one is skipped',
    },
    'affected-by': {
      type: 'string',
      value: 'REF',
      help: 'as --all, but only what differs from a commit of git, and what that affects',
    },
    debug: {
      type: 'boolean',
      help: 'keep the workspace of a build that fails or is stopped, and say where it is',
    },
    interactive: {
      type: 'boolean',
      short: 'i',
      help: 'open a shell in the guest where a step fails; exit 0 there goes on with the next step',
    },
    resume: {
      type: 'boolean',
      help: 'go on at the step that failed, in what --debug kept of the recipe; its folder may stand in the place of the recipe',
    },
    acknowledge: {
      type: 'string',
      multiple: true,
      value: 'FINDING',
      help: 'a change against the published version that is meant, as the error names it; all: whatever changed',
    },
    'no-cache': { type: 'boolean', help: 'build even where the result is known' },
    quiet: { type: 'boolean', help: 'do not print what the steps print' },
  },
  async run(invocation) {
    if (invocation.positionals.length === 0) throw usage(packageBuild, 'which recipes?');
    refuseTogether(invocation.flags);
    using interrupt = new Interrupt();
    const context = await openSession(invocation, interrupt.signal);
    const rows: Row[] = [];
    if (invocation.flags['all'] === true || invocation.flags['affected-by'] !== undefined)
      rows.push(
        ...(await buildTree({
          session: context,
          build: (file, arch) => buildFile(context, file, arch),
          unbuilt: rowOf,
        })),
      );
    else
      for (const file of recipesOf(context))
        for (const arch of architecturesOf(invocation))
          rows.push(await buildFile(context, file, arch));
    const differ = rows.some(({ differences }) => (differences?.length ?? 0) > 0);
    if (invocation.flags['json'] === true)
      invocation.print.data(`${JSON.stringify(rows, null, 2)}\n`);
    if (rows.some(({ result }) => result === 'failed' || result === 'skipped')) return 1;
    return differ ? 3 : 0;
  },
};

/** A look at a build is no proof that it repeats. */
function refuseTogether(flags: Invocation['flags']): void {
  const hand = ['interactive', 'resume'].find((name) => flags[name] === true);
  if (flags['check'] === true && hand !== undefined)
    throw usage(packageBuild, `--check and --${hand} do not go together`);
}

/** The files that are named, or for folders of what is kept their recipes. */
function recipesOf(session: PackageSession): readonly string[] {
  const { positionals, flags } = session.invocation;
  if (flags['resume'] !== true) return positionals;
  return positionals.map((word) => keptOf(session).read(word)?.recipe ?? word);
}

function keptOf({ cache }: PackageSession): KeptBuilds {
  return new KeptBuilds(path.join(cache, 'debug'));
}

function debuggingOf(session: PackageSession): Debugging {
  const { flags, print } = session.invocation;
  const { interactive, debug, resume } = flags;
  const shell = interactive === true && process.stdin.isTTY === true;
  if (interactive === true && !shell)
    print.talk('warning: no shell will open: standard input is no terminal\n');
  return {
    kept: debug === true || resume === true ? keptOf(session) : undefined,
    resume: resume === true,
    shell,
    onTalk: (text) => print.talk(`${text}\n`),
  };
}

/** One build, as `--json` prints it. */
interface Row {
  readonly recipe: string;
  readonly arch: Architecture;
  /** `skip`: not for this architecture; `skipped`: something it needs failed. */
  readonly result: 'built' | 'known' | 'skip' | 'failed' | 'skipped';
  /** A step was done by hand or by another build. */
  readonly touched?: boolean;
  readonly action: string | undefined;
  readonly packages: readonly { readonly file: string; readonly checksum: string }[];
  readonly durationMs: number;
  /** Changes against the published version, and the recipes that need a new epoch; absent where there are none. */
  readonly release?: Pick<ReleaseCheck, 'published' | 'findings' | 'epochs'>;
  /** With --check: empty where both builds are equal. */
  readonly differences?: CheckedBuild['differences'];
}

function rowOf(recipe: string, arch: Architecture, result: Row['result']): Row {
  return { recipe, arch, result, action: undefined, packages: [], durationMs: 0 };
}

async function buildFile(context: PackageSession, file: string, arch: Architecture): Promise<Row> {
  const { print } = context.invocation;
  const recipe = await readRecipe(context, file);
  const { name, targetArchitectures } = recipe.package;
  if (!appliesTo(targetArchitectures, arch)) {
    print.talk(`skip ${name}: not for ${arch}\n`);
    return rowOf(name, arch, 'skip');
  }
  const startedAt = performance.now();
  const { result, differences, release } = await buildOne(context, { file, recipe, arch });
  const durationMs = Math.round(performance.now() - startedAt);
  await publish(context, arch, result);
  report(context, result, durationMs);
  if (differences !== undefined) reportCheck(context, result, differences);
  return {
    ...rowOf(name, arch, result.known ? 'known' : 'built'),
    action: result.plan.action,
    packages: result.packages.map((one) => ({ file: one.file, checksum: one.record.checksum })),
    durationMs,
    ...(result.touched ? { touched: true } : {}),
    ...releaseRow(release),
    ...(differences === undefined ? {} : { differences }),
  };
}

function releaseRow(release: ReleaseCheck | undefined): Pick<Row, 'release'> {
  if (release === undefined || release.findings.length === 0) return {};
  const { published, findings, epochs } = release;
  return { release: { published, findings, epochs } };
}

interface Built {
  readonly result: LocalBuildResult;
  readonly release: ReleaseCheck | undefined;
  /** Undefined where it was built once. */
  readonly differences: CheckedBuild['differences'] | undefined;
}

async function buildOne(session: PackageSession, subject: Subject): Promise<Built> {
  const { flags, print } = session.invocation;
  const { actions, ...request } = await buildRequestOf(session, subject);
  const quiet = flags['quiet'] === true;
  let release: ReleaseCheck | undefined;
  const full = {
    ...request,
    ...(flags['no-cache'] === true || actions === undefined ? {} : { actions }),
    debugging: debuggingOf(session),
    accept: async ({ packages, guest }: FinishedBuild): Promise<void> => {
      release = await checkPublished(session, subject, { packages, guest });
    },
    onLog: ({ step, text }: BuildLogLine): void => {
      if (!quiet) print.talk(`${step} | ${text}\n`);
    },
  };
  const startedAt = systemClock.now();
  const checked = flags['check'] === true ? await buildTwice(full) : undefined;
  const result = checked?.first ?? (await buildLocally(full));
  const finishedAt = systemClock.now();
  if (!result.known && !result.touched) {
    await writeProvenance(result, session.key, { startedAt, finishedAt });
    await writeNetworkRecord(result, session.blobs);
  }
  if (checked !== undefined) {
    const differing = new Set(checked.differences.map((one) => one.package));
    await writeReproduction(result, session.key, differing);
  }
  return { result, release, differences: checked?.differences };
}

/** The packages enter the index of the folder as soon as they are built. */
async function publish(
  { key, out }: PackageSession,
  arch: Architecture,
  { packages }: LocalBuildResult,
): Promise<void> {
  const file = path.join(out, arch, 'APKINDEX.tar.gz');
  const built = packages.map(({ record }) => record);
  await mergeIntoIndexFile(file, built, { key, random: systemRandom });
}

function report(
  { invocation: { print } }: PackageSession,
  { known, packages, plan, report: built, touched, network }: LocalBuildResult,
  durationMs: number,
): void {
  for (const warning of built?.warnings ?? []) print.talk(`warning: ${warning}\n`);
  if (network !== undefined) {
    const bytes = network.answers.reduce((sum, { content }) => sum + content.sizeBytes, 0);
    print.talk(`the network gave ${network.answers.length} answers, ${size(bytes)}\n`);
  }
  for (const { file, record } of packages) print.talk(`${file}  ${size(record.sizeBytes)}\n`);
  const name = `${plan.compiled.package.name} ${plan.fullVersion} ${plan.compiled.arch}`;
  print.talk(
    known ? `${name}: known, nothing to do\n` : `${name}: built in ${duration(durationMs)}\n`,
  );
  if (touched)
    print.talk(
      'warning: steps were done by hand or by an earlier build: build it again before you publish it; there is no provenance\n',
    );
}

function reportCheck(
  { invocation: { print } }: PackageSession,
  { plan }: LocalBuildResult,
  differences: CheckedBuild['differences'],
): void {
  const name = `${plan.compiled.package.name} ${plan.fullVersion}`;
  if (differences.length === 0) print.talk(`${name}: built twice, equal\n`);
  else {
    print.talk(`${name}: two builds differ in ${counted(differences.length, 'place')}\n`);
    for (const one of differences.slice(0, 50))
      print.talk(`  ${one.package}: ${one.path}: ${one.kind}: ${one.detail}\n`);
  }
}
