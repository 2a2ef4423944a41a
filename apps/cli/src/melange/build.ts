import fs from 'node:fs';
import path from 'node:path';
import {
  indexPackages,
  mergeIntoIndexFile,
  readSigningKey,
  type SigningKey,
} from '@kiln/apk-files';
import { KilnError, shorten, systemRandom, type Logger } from '@kiln/base';
import type { GitSources, SourceFetcher, WorkspaceFiles } from '@kiln/build';
import type { Architecture, Recipe } from '@kiln/recipe';
import { appliesTo } from '@kiln/recipe';
import { findingLines, licenceReport, lintPolicy } from '@kiln/lint';
import { recipePurl } from '@kiln/spdx';
import { folderPlace } from '../folder-place.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import type { Debugging } from '../local/debugging.ts';
import { LocalGuests } from '../local/guest.ts';
import { KeptBuilds } from '../local/kept-builds.ts';
import { knownLicence } from '../local/known-licences.ts';
import { readLicenceTexts } from '../local/licence-texts.ts';
import { lintLocally } from '../local/lint-build.ts';
import { buildLocally } from '../local/local-build.ts';
import { writeProvenance } from '../local/statements.ts';
import { kilnVersion } from '../version.ts';
import { architecturesOfFlag } from './architecture.ts';
import { buildDate, buildDateOffset, requireBareDate } from './build-date.ts';
import { requireGuest } from './guest-problems.ts';
import { melangeRecipe, type MelangeRecipe } from './recipe.ts';
import type { Flags } from '../drop-in/flags.ts';
import type { DropInInvocation } from '../drop-in/subcommand.ts';
import type { WorkspaceFolder } from '../local/folder-workspace.ts';

/** What packages call their files is shown without the characters that move a terminal’s cursor. */
const lineMax = 5000;

/** `kiln melange build`: every architecture that the flags and the recipe name, one after the other. */
export async function buildRecipe(invocation: DropInInvocation): Promise<void> {
  const { flags, log } = invocation;
  const pipelineFolders = flags.list('pipeline-dirs');
  const melange = await melangeRecipe(invocation, { pipelineFolders });
  requireOwner(melange.repositoryUrl);
  const keyFile = flags.string('signing-key');
  const key = keyFile === '' ? undefined : await readSigningKey(keyFile);
  const guests = localGuests(invocation);
  let built = 0;
  let failure: { readonly error: unknown } | undefined;
  for (const arch of architecturesOfFlag(flags.list('arch'))) {
    if (!appliesTo(melange.recipe.package.targetArchitectures, arch, 'apk-names')) {
      log.warn(`skipping arch ${arch}: the recipe is not for it`);
      continue;
    }
    built += 1;
    try {
      requireBareDate(invocation.environment);
      await buildFor(arch, { invocation, melange, key, guests });
    } catch (error) {
      // The other architectures are built all the same.
      invocation.signal.throwIfAborted();
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
  if (built === 0) log.warn('nothing was built: the recipe is for none of the architectures');
}

/** SBOMs name the recipe by owner and repository, whatever the address is. Throws `MELANGE_USAGE`. */
function requireOwner(repositoryUrl: string): void {
  if (repositoryUrl.replace(/^https:\/\/github\.com\//, '').includes('/')) return;
  throw new KilnError('MELANGE_USAGE', `no owner and repository: "${shorten(repositoryUrl)}"`, {
    hint: '--git-repo-url is an address such as https://github.com/OWNER/NAME',
  });
}

/** Without a timeout steps take as long as they take: a week, for clocks that cannot wait for ever. */
export const endlessMs: number = 7 * 24 * 3_600_000;

/** The folder that is the workspace for an architecture, where one is named. */
export function workspaceOf(flags: Flags, arch: Architecture): WorkspaceFolder | undefined {
  const folder = flags.string('workspace-dir');
  if (folder === '') return undefined;
  return { path: path.resolve(folder, arch), after: flags.bool('rm') ? 'remove' : 'leave' };
}

/** The guests of a command line. */
export function localGuests({ flags, environment, log }: DropInInvocation): LocalGuests {
  const cache = cacheFolder(environment);
  return new LocalGuests({
    cacheDirectory: folderPlace(flags.string('apk-cache-dir') || path.join(cache, 'apk')),
    environmentsDirectory: path.join(cache, 'environments'),
    workingDirectory: process.cwd(),
    httpAuth: environment['HTTP_AUTH'],
    ignoreSignatures: flags.bool('ignore-signatures'),
    sha1: 'accept',
    discoversKeys: true,
    logger: log,
  });
}

interface BuildContext {
  readonly invocation: DropInInvocation;
  readonly melange: MelangeRecipe;
  readonly key: SigningKey | undefined;
  readonly guests: LocalGuests;
}

async function buildFor(
  arch: Architecture,
  { invocation, melange, key, guests }: BuildContext,
): Promise<void> {
  const { flags, log, environment, signal } = invocation;
  const outDirectory = flags.string('out-dir');
  const startedAt = invocation.clock.now();
  const compiled = melange.compile(melange.recipe, arch);
  requireGuest(compiled.environment);
  const result = await buildLocally({
    compiled,
    guests,
    appended: {
      packages: flags.list('package-append'),
      repositories: flags.list('repository-append'),
      keys: flags.list('keyring-append'),
    },
    sourceDirectory: flags.bool('empty-workspace')
      ? undefined
      : flags.string('source-dir') || path.dirname(melange.file),
    plan: {
      sourceDateEpoch: buildDate(flags.string('build-date'), environment),
      dateOffsetMinutes: buildDateOffset(flags.string('build-date'), environment),
      namespace: flags.string('namespace') || 'unknown',
      maintainer: flags.string('namespace'),
      builder: { name: 'kiln', version: kilnVersion() },
      recipeSource: {
        file: melange.file,
        commit: melange.commit,
        purl: recipePurl(melange),
        license: flags.string('license'),
      },
      stripOrigin: flags.bool('strip-origin-name'),
    },
    workspace: workspaceOf(flags, arch),
    timeoutMs: endlessMs,
    sources: stepsFetch,
    git: stepsCheckOut,
    outDirectory,
    key,
    network: 'host',
    cacheDirectory: flags.string('cache-dir'),
    trace: flags.bool('debug'),
    // melange's own switch, for whoever wants it.
    versionedLibraries: (environment['MELANGE_VERSIONED_SHLIB_DEPENDS'] ?? '') !== '',
    inspect: async (trees, plan, files) => {
      const failure = await lintLocally(trees, plan, {
        policy: lintPolicy({
          require: flags.list('lint-require'),
          warn: flags.list('lint-warn'),
        }),
        onReport: ({ packageName, warnings, failures }) => {
          log.info(`linting ${packageName}`);
          for (const finding of [...warnings, ...failures])
            for (const line of findingLines(finding)) log.warn(shorten(line, lineMax));
        },
        resultsFolder:
          flags.bool('persist-lint-results') && outDirectory !== ''
            ? path.join(outDirectory, arch)
            : undefined,
      });
      if (failure === undefined) await checkLicences(files, melange.recipe, log);
      return failure;
    },
    debugging: {
      ...shellOf(invocation),
      kept: flags.bool('debug-runner')
        ? new KeptBuilds(path.join(cacheFolder(environment), 'debug'))
        : undefined,
    },
    onLog: ({ text }) => log.info(text),
    onMissingIndex: (directory) => log.warn(`no index in ${directory} yet`),
    signal,
  });
  for (const { file } of result.packages) log.info(`wrote ${file}`);
  if (result.touched) log.warn('steps were done by hand: there is no provenance');
  else if (flags.bool('generate-provenance')) {
    const times = { startedAt, finishedAt: invocation.clock.now() };
    for (const file of await writeProvenance(result, key, times)) log.info(`wrote ${file}`);
  }
  const files = result.packages.map(({ file }) => file);
  if (flags.bool('generate-index')) await mergeIndex(path.join(outDirectory, arch), files, key);
  if (flags.bool('create-build-log'))
    appendBuildLog(result.packages.map(({ emitted }) => emitted.info));
}

/** Whether a shell opens where a step fails. */
export function shellOf({ flags, log }: DropInInvocation): Debugging {
  const shell = flags.bool('interactive') && process.stdin.isTTY === true;
  if (flags.bool('interactive') && !shell)
    log.warn('no shell will open: standard input is no terminal');
  return { shell, onTalk: (text) => log.info(text) };
}

/** What the workspace says of licences; it never fails a build. */
async function checkLicences(files: WorkspaceFiles, recipe: Recipe, log: Logger): Promise<void> {
  const { copyright } = recipe.package;
  log.info('checking license information');
  const texts = await readLicenceTexts(files, { copyright, scan: 'shallow' });
  for (const { level, text } of licenceReport(texts, copyright, knownLicence).lines)
    log[level](shorten(text, lineMax));
}

/** In melange's builds the steps fetch for themselves. */
const stepsFetch: SourceFetcher = {
  fetch: () => Promise.reject(new Error('assertion failed: steps fetch for themselves')),
};

const stepsCheckOut: GitSources = {
  fetch: () => Promise.reject(new Error('assertion failed: steps check out for themselves')),
};

async function mergeIndex(
  folder: string,
  files: readonly string[],
  key: SigningKey | undefined,
): Promise<void> {
  const file = path.join(folder, 'APKINDEX.tar.gz');
  const { taken } = await indexPackages(files, { dialect: 'melange', arch: undefined });
  const built = taken.map((one) => one.record);
  await mergeIntoIndexFile(file, built, {
    dialect: 'melange',
    key,
    random: systemRandom,
    durable: false,
  });
}

interface BuiltInfo {
  readonly arch: string;
  readonly origin: string;
  readonly name: string;
  readonly version: string;
}

function appendBuildLog(packages: readonly BuiltInfo[]): void {
  const lines = packages.map(({ arch, origin, name, version }) =>
    [arch, origin, name, version].join('|'),
  );
  fs.appendFileSync('packages.log', lines.map((line) => `${line}\n`).join(''));
}
