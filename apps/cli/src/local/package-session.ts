import fs from 'node:fs';
import path from 'node:path';
import { readSigningKey, type SigningKey } from '@kiln/apk-files';
import { KilnError, shorten, silentLogger } from '@kiln/base';
import { FsBlobs } from '@kiln/blobs-fs';
import { checkLicences, defaultPolicy, findingLines } from '@kiln/lint';
import { HttpObserver, RecordFolder, readNetworkRecord } from '@kiln/network-observer';
import type { Architecture, Recipe } from '@kiln/recipe';
import { requirePinnedSources } from '@kiln/recipe';
import type { GuestRequest } from '@kiln/solve';
import type { Command, Invocation } from '../command.ts';
import { folderPlace } from '../folder-place.ts';
import { keyringOf } from '../keys.ts';
import { kilnVersion } from '../version.ts';
import { ActionCache } from './action-cache.ts';
import { cachePlace } from './cache-place.ts';
import { cacheFolder } from './cache-folder.ts';
import { readLocalCatalog, type LocalCatalog } from './catalog.ts';
import { localCompiler, type LocalCompiler } from './compile.ts';
import { gitCommitTime, gitHead } from './git-head.ts';
import { LocalGuests } from './guest.ts';
import { readLicenceTexts } from './licence-texts.ts';
import { lintLocally } from './lint-build.ts';
import type { LocalBuildRequest, ObservedBuild } from './local-build.ts';
import { foldersOf, givenDate, listOf, textOf } from './options.ts';
import { pipelineFinder } from './pipelines.ts';
import { readRecipeFile } from './recipe-file.ts';
import { SharedActions } from './shared-actions.ts';
import { localRepositories, localSources } from './sources.ts';

/** Options of commands that work on recipes with guests. */
export const recipeOptions: Command['options'] = {
  arch: {
    type: 'string',
    multiple: true,
    value: 'ARCH',
    help: 'architectures, such as x86_64 (this machine’s)',
  },
  repository: {
    type: 'string',
    multiple: true,
    value: 'URL|DIR',
    help: 'apk repositories that build environments are made of',
  },
  keyring: {
    type: 'string',
    multiple: true,
    value: 'FILE',
    help: 'public keys of the repositories',
  },
  catalog: {
    type: 'string',
    value: 'DIR',
    help: 'the catalog that the recipes are of: packages, variables, date and namespace of every build, and pipelines',
  },
  'pipeline-dir': {
    type: 'string',
    multiple: true,
    value: 'DIR',
    help: 'folders of pipelines that go before the built-in ones',
  },
  'env-file': {
    type: 'string',
    multiple: true,
    value: 'FILE',
    help: 'files of variables for the steps',
  },
  'vars-file': { type: 'string', value: 'FILE', help: 'a file of vars that replace the recipe’s' },
  'build-option': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    help: 'options of the recipe to switch on',
  },
  'cache-dir': {
    type: 'string',
    value: 'DIR',
    help: 'sources, guests and results of builds; may be shared (~/.cache/kiln)',
  },
};

/** Options of commands that build, beside those. */
export const buildOptions: Command['options'] = {
  'signing-key': {
    type: 'string',
    value: 'FILE',
    help: 'the private key that signs packages and index; without it they are unsigned, and those of --out-dir are believed',
  },
  'out-dir': {
    type: 'string',
    value: 'DIR',
    help: 'where ARCH/NAME-VERSION.apk go (./packages)',
  },
  'source-dir': {
    type: 'string',
    value: 'DIR',
    help: 'patches and other side files (the folder NAME beside NAME.yaml)',
  },
  namespace: {
    type: 'string',
    value: 'NAME',
    help: 'the distribution, in package URLs (that of the catalog, or unknown)',
  },
  date: {
    type: 'string',
    value: 'SECONDS',
    help: 'the build date since 1970 (SOURCE_DATE_EPOCH, that of the catalog, or the recipe’s last commit)',
  },
};

/** Options of commands that share results with other machines. */
export const sharingOptions: Command['options'] = {
  'cache-from': {
    type: 'string',
    multiple: true,
    value: 'URL|DIR',
    help: 'where results of other machines are; those count that a key of --keyring or --signing-key signed',
  },
  'cache-to': {
    type: 'string',
    multiple: true,
    value: 'URL|DIR',
    help: 'where results go for other machines, signed by --signing-key: a folder, or a server that takes PUT',
  },
};

/** Options of builds whose steps reach the network. */
export const networkOptions: Command['options'] = {
  network: {
    type: 'boolean',
    help: 'let the steps of every recipe reach the network, not only where kiln.network says why; what they fetch is recorded',
  },
  'network-record': {
    type: 'string',
    value: 'FILE',
    help: 'what an earlier build fetched (NAME-VERSION.network.json): the same requests have to give the same',
  },
  'network-allow': {
    type: 'string',
    multiple: true,
    value: 'HOST[:PORT]',
    help: 'hosts of this machine or its own networks that the steps may reach',
  },
};

/** What the commands of one command line share: caches, guests, the compiler, the key. */
export interface PackageSession {
  readonly invocation: Invocation;
  /** What `--catalog` names. */
  readonly catalog: LocalCatalog | undefined;
  readonly compiler: LocalCompiler;
  readonly guests: LocalGuests;
  readonly blobs: FsBlobs;
  readonly actions: ActionCache;
  readonly cache: string;
  readonly key: SigningKey | undefined;
  /** The folder of the packages. */
  readonly out: string;
  /** That folder where nothing is signed: who signs nothing goes on with what was built before. */
  readonly unsigned: readonly string[];
  /** Aborted by an interrupt. */
  readonly signal?: AbortSignal | undefined;
}

/** A recipe for one architecture. */
export interface Subject {
  readonly file: string;
  readonly recipe: Recipe;
  readonly arch: Architecture;
}

export async function openSession(
  invocation: Invocation,
  signal?: AbortSignal,
): Promise<PackageSession> {
  const { flags } = invocation;
  const cache = folderPlace(textOf(flags['cache-dir']) ?? cacheFolder(process.env));
  const keyFile = textOf(flags['signing-key']);
  const blobs = new FsBlobs({ directory: path.join(cache, 'blobs') });
  const key = keyFile === undefined ? undefined : await readSigningKey(keyFile);
  const folder = textOf(flags['catalog']);
  const catalog =
    folder === undefined ? undefined : readLocalCatalog(folder, invocation.config.osCatalog);
  const out = textOf(flags['out-dir']) ?? 'packages';
  const unsigned = key === undefined ? [out] : [];
  return {
    invocation,
    catalog,
    compiler: localCompiler(pipelineFinder(pipelineFoldersOf({ invocation, catalog }))),
    guests: new LocalGuests({
      cacheDirectory: path.join(cache, 'apk'),
      environmentsDirectory: path.join(cache, 'environments'),
      workingDirectory: process.cwd(),
      httpAuth: process.env['HTTP_AUTH'],
      unsigned,
    }),
    blobs,
    actions: new ActionCache(path.join(cache, 'actions'), blobs, sharedActions(invocation, key)),
    cache,
    key,
    out,
    unsigned,
    signal,
  };
}

/** Undefined where nothing is shared. Throws `USAGE` for sharing without the keys that it takes. */
function sharedActions(
  { flags, print }: Invocation,
  key: SigningKey | undefined,
): SharedActions | undefined {
  const from = listOf(flags['cache-from']).map(cachePlace);
  const to = listOf(flags['cache-to']).map(cachePlace);
  if (from.length + to.length === 0) return undefined;
  const own = textOf(flags['signing-key']);
  const keys = [...listOf(flags['keyring']), ...(own === undefined ? [] : [`${own}.pub`])];
  if (to.length > 0 && key === undefined)
    throw new KilnError('USAGE', '--cache-to needs --signing-key: only signed results are used');
  if (from.length > 0 && keys.length === 0)
    throw new KilnError('USAGE', '--cache-from needs --keyring: only signed results are used');
  return new SharedActions({
    from,
    to,
    key,
    keyring: keyringOf(keys),
    onTrouble: ({ code, message }) => print.talk(`warning: [${code}] ${message}\n`),
  });
}

/** The folders of pipelines that go before the built-in ones. */
export function pipelineFoldersOf({
  invocation,
  catalog,
}: Pick<PackageSession, 'invocation' | 'catalog'>): readonly string[] {
  const own = catalog?.pipelines;
  return [...foldersOf(invocation.flags['pipeline-dir']), ...(own === undefined ? [] : [own])];
}

/** Reads a recipe with the options of the command line. */
export async function readRecipe({ invocation }: PackageSession, file: string): Promise<Recipe> {
  const { flags } = invocation;
  return readRecipeFile(file, {
    dialect: 'kiln',
    commit: (await gitHead(path.dirname(file))) ?? '',
    environmentFiles: listOf(flags['env-file']),
    varsFile: textOf(flags['vars-file']),
    buildOptions: listOf(flags['build-option']),
  });
}

/**
 * Repositories and keys of the command line, and packages of the catalog; what was built before is at hand for what comes
 * after.
 */
export function appendedOf(
  { invocation: { flags }, catalog, out, key }: PackageSession,
  arch: Architecture,
): NonNullable<GuestRequest['appended']> {
  const own = fs.existsSync(path.join(out, arch, 'APKINDEX.tar.gz'));
  const keyFile = textOf(flags['signing-key']);
  return {
    packages: catalog?.settings.environmentPackages ?? [],
    repositories: [...listOf(flags['repository']), ...(own ? [out] : [])],
    keys: [
      ...listOf(flags['keyring']),
      ...(own && key !== undefined && keyFile !== undefined ? [`${keyFile}.pub`] : []),
    ],
  };
}

/** The build of a subject, as `buildLocally` takes it; logs go to nobody. Throws `RECIPE_FETCH_UNPINNED`, `USAGE`. */
export async function buildRequestOf(
  session: PackageSession,
  { file, recipe, arch }: Subject,
): Promise<LocalBuildRequest & { readonly blobs: FsBlobs }> {
  const { invocation, catalog, compiler, guests, blobs, actions, cache, key, out, signal } =
    session;
  const { flags } = invocation;
  const compiled = compiler.compile(recipe, arch);
  requirePinnedSources(compiled);
  return {
    compiled,
    guests,
    appended: appendedOf(session, arch),
    sourceDirectory: textOf(flags['source-dir']) ?? sideDirectory(file),
    plan: {
      sourceDateEpoch: await buildDateOf(session, file),
      namespace: textOf(flags['namespace']) ?? catalog?.settings.namespace ?? 'unknown',
      variables: catalog?.settings.variables ?? {},
      builder: { name: 'kiln', version: kilnVersion() },
      network: recipe.network === undefined && flags['network'] !== true ? undefined : 'observed',
    },
    observed: await observedOf(session),
    sources: localSources(cache, blobs, silentLogger),
    git: await localRepositories(cache),
    blobs,
    actions,
    outDirectory: out,
    key,
    network: 'none',
    inspect: async (trees, plan, files) => {
      const failure = await lintLocally(trees, plan, {
        policy: defaultPolicy,
        onReport: ({ packageName, warnings }) => {
          for (const line of warnings.flatMap(findingLines))
            invocation.print.talk(`${packageName}: ${shorten(line, 5000)}\n`);
        },
      });
      const { copyright } = recipe.package;
      const texts = await readLicenceTexts(files, { copyright, scan: 'shallow' });
      for (const { message } of checkLicences(texts, copyright))
        invocation.print.talk(`warning: ${recipe.package.name}: ${shorten(message, 5000)}\n`);
      return failure;
    },
    onLog: () => undefined,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Who observes the network of steps, and what they have to get there. Throws `LOCAL_FILE_UNREADABLE`. */
export async function observedOf({
  invocation: { flags, config },
  blobs,
  cache,
}: PackageSession): Promise<ObservedBuild> {
  const file = textOf(flags['network-record']);
  const pinned = file === undefined ? undefined : await readNetworkRecord(file, blobs);
  if (file !== undefined && pinned === undefined) {
    throw new KilnError(
      'LOCAL_FILE_UNREADABLE',
      `no record of a network: "${shorten(file, 200)}"`,
      {
        hint: 'kiln package build writes it beside the package, as NAME-VERSION.network.json',
      },
    );
  }
  return {
    observer: new HttpObserver({
      blobs,
      allowed: listOf(flags['network-allow']),
      proxyVariables: config.proxyVariables,
    }),
    records: new RecordFolder(path.join(cache, 'network'), blobs),
    pinned,
  };
}

/** The folder beside a recipe that has its name. */
function sideDirectory(file: string): string | undefined {
  const folder = file.replace(/\.ya?ml$/, '');
  return folder !== file && fs.existsSync(folder) && fs.statSync(folder).isDirectory()
    ? folder
    : undefined;
}

/** Archives with dates before 1980 are more than some tools can read. */
const earliestDate = 315_532_800;

async function buildDateOf({ invocation, catalog }: PackageSession, file: string): Promise<number> {
  return (
    givenDate(invocation) ??
    catalog?.settings.epochSeconds ??
    (await gitCommitTime(path.dirname(file), path.basename(file))) ??
    earliestDate
  );
}
