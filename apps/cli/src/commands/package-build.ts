import fs from 'node:fs';
import path from 'node:path';
import { mergeRecords } from '@kiln/apk';
import { readIndexFile, readSigningKey, writeIndexFile, type SigningKey } from '@kiln/apk-files';
import { KilnError, silentLogger, systemRandom } from '@kiln/base';
import { FsBlobs } from '@kiln/blobs-fs';
import type { Architecture, Recipe } from '@kiln/recipe';
import { appliesTo, requirePinnedSources } from '@kiln/recipe';
import type { Command, Invocation } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { ActionCache } from '../local/action-cache.ts';
import { cacheFolder } from '../local/cache-folder.ts';
import { localCompiler, type LocalCompiler } from '../local/compile.ts';
import { gitHead } from '../local/git-head.ts';
import { LocalGuests } from '../local/guest.ts';
import { buildLocally, type LocalBuildResult } from '../local/local-build.ts';
import { architecturesOf, listOf, textOf } from '../local/options.ts';
import { pipelineFinder } from '../local/pipelines.ts';
import { readRecipeFile } from '../local/recipe-file.ts';
import { localSources } from '../local/sources.ts';
import { duration, size } from '../report.ts';
import { kilnVersion } from '../version.ts';

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

export const packageBuild: Command = {
  name: 'package build',
  summary:
    'Build recipes into packages, hermetically: sources come first and by digest, steps have no network. Needs no running factory.',
  usage: 'package build RECIPE... --repository URL|DIR [--keyring FILE] [--signing-key FILE]',
  examples: [
    'kiln package build zlib.yaml --repository ./seed --keyring seed.rsa.pub --signing-key kiln.rsa',
    'kiln package build *.yaml --repository https://packages.example.org/os --keyring os.rsa.pub',
  ],
  options: {
    ...jsonOption,
    ...recipeOptions,
    'signing-key': {
      type: 'string',
      value: 'FILE',
      help: 'the private key that signs packages and index',
    },
    'out-dir': {
      type: 'string',
      value: 'DIR',
      help: 'where ARCH/NAME-VERSION.apk go (./packages)',
    },
    'source-dir': {
      type: 'string',
      value: 'DIR',
      help: 'patches and other side files (DIR of the recipe/NAME)',
    },
    namespace: {
      type: 'string',
      value: 'NAME',
      help: 'the distribution, in package URLs (unknown)',
    },
    date: {
      type: 'string',
      value: 'SECONDS',
      help: 'the build date since 1970 (SOURCE_DATE_EPOCH, or the recipe’s commit)',
    },
    'no-cache': { type: 'boolean', help: 'build even where the result is known' },
    quiet: { type: 'boolean', help: 'do not print what the steps print' },
  },
  async run(invocation) {
    if (invocation.positionals.length === 0) throw usage(packageBuild, 'which recipes?');
    const context = await contextOf(invocation);
    const rows: Row[] = [];
    for (const file of invocation.positionals) rows.push(...(await buildFile(context, file)));
    if (invocation.flags['json'] === true)
      invocation.print.data(`${JSON.stringify(rows, null, 2)}\n`);
    return 0;
  },
};

/** One build, as `--json` prints it. */
interface Row {
  readonly recipe: string;
  readonly arch: Architecture;
  readonly result: 'built' | 'known' | 'skip';
  readonly action: string | undefined;
  readonly packages: readonly { readonly file: string; readonly checksum: string }[];
  readonly durationMs: number;
}

interface Context {
  readonly invocation: Invocation;
  readonly compiler: LocalCompiler;
  readonly guests: LocalGuests;
  readonly blobs: FsBlobs;
  readonly cache: string;
  readonly key: SigningKey | undefined;
  readonly out: string;
}

async function contextOf(invocation: Invocation): Promise<Context> {
  const { flags } = invocation;
  const cache = path.resolve(textOf(flags['cache-dir']) ?? cacheFolder(process.env));
  const keyFile = textOf(flags['signing-key']);
  return {
    invocation,
    compiler: localCompiler(pipelineFinder(listOf(flags['pipeline-dir']))),
    guests: new LocalGuests({
      cacheDirectory: path.join(cache, 'apk'),
      environmentsDirectory: path.join(cache, 'environments'),
      workingDirectory: process.cwd(),
      httpAuth: process.env['HTTP_AUTH'],
    }),
    blobs: new FsBlobs({ directory: path.join(cache, 'blobs') }),
    cache,
    key: keyFile === undefined ? undefined : await readSigningKey(keyFile),
    out: textOf(flags['out-dir']) ?? 'packages',
  };
}

async function buildFile(context: Context, file: string): Promise<readonly Row[]> {
  const { flags, print } = context.invocation;
  const recipe = readRecipeFile(file, {
    dialect: 'kiln',
    commit: (await gitHead(path.dirname(file))) ?? '',
    environmentFiles: listOf(flags['env-file']),
    varsFile: textOf(flags['vars-file']),
    buildOptions: listOf(flags['build-option']),
  });
  const rows: Row[] = [];
  for (const arch of architecturesOf(context.invocation)) {
    const row = {
      recipe: recipe.package.name,
      arch,
      action: undefined,
      packages: [],
      durationMs: 0,
    };
    if (!appliesTo(recipe.package.targetArchitectures, arch)) {
      print.talk(`skip ${recipe.package.name}: not for ${arch}\n`);
      rows.push({ ...row, result: 'skip' });
      continue;
    }
    const startedAt = performance.now();
    const result = await buildOne(context, { file, recipe, arch });
    const durationMs = Math.round(performance.now() - startedAt);
    await publish(context, arch, result);
    report(context, result, durationMs);
    rows.push({
      ...row,
      result: result.known ? 'known' : 'built',
      action: result.plan.action,
      packages: result.packages.map((one) => ({ file: one.file, checksum: one.record.checksum })),
      durationMs,
    });
  }
  return rows;
}

interface Subject {
  readonly file: string;
  readonly recipe: Recipe;
  readonly arch: Architecture;
}

async function buildOne(
  { invocation, compiler, guests, blobs, cache, key, out }: Context,
  { file, recipe, arch }: Subject,
): Promise<LocalBuildResult> {
  const { flags, print } = invocation;
  const compiled = compiler.compile(recipe, arch);
  requirePinnedSources(compiled);
  const quiet = flags['quiet'] === true;
  // What was built before is at hand for what comes after.
  const own = fs.existsSync(path.join(out, arch, 'APKINDEX.tar.gz'));
  return buildLocally({
    compiled,
    guests,
    appended: {
      repositories: [...listOf(flags['repository']), ...(own ? [out] : [])],
      keys: [
        ...listOf(flags['keyring']),
        ...(own && key ? [publicKeyFile(flags['signing-key'])] : []),
      ],
    },
    sourceDirectory: textOf(flags['source-dir']) ?? sideDirectory(file),
    plan: {
      sourceDateEpoch: buildDate(flags['date']),
      namespace: textOf(flags['namespace']) ?? 'unknown',
      builder: { name: 'kiln', version: kilnVersion() },
    },
    sources: localSources(cache, blobs, silentLogger),
    blobs,
    ...(flags['no-cache'] === true
      ? {}
      : { actions: new ActionCache(path.join(cache, 'actions'), blobs) }),
    outDirectory: out,
    key,
    network: 'none',
    onLog: ({ step, text }) => {
      if (!quiet) print.talk(`${step} | ${text}\n`);
    },
  });
}

function publicKeyFile(privateKey: Invocation['flags'][string]): string {
  return `${textOf(privateKey) ?? ''}.pub`;
}

/** The folder beside a recipe that has its name. */
function sideDirectory(file: string): string | undefined {
  const folder = file.replace(/\.ya?ml$/, '');
  return folder !== file && fs.existsSync(folder) && fs.statSync(folder).isDirectory()
    ? folder
    : undefined;
}

function buildDate(flag: Invocation['flags'][string]): number {
  const given = textOf(flag) ?? process.env['SOURCE_DATE_EPOCH'] ?? '';
  if (given === '') return 0;
  if (/^\d{1,12}$/.test(given)) return Number(given);
  throw new KilnError('USAGE', `not a date in seconds since 1970: "${given}"`, {
    hint: 'date +%s prints the one of now',
  });
}

/** The packages enter the index of the folder as soon as they are built. */
async function publish(
  { key, out }: Context,
  arch: Architecture,
  { packages }: LocalBuildResult,
): Promise<void> {
  const file = path.join(out, arch, 'APKINDEX.tar.gz');
  const present = fs.existsSync(file) ? await readIndexFile(file) : undefined;
  await writeIndexFile(
    file,
    mergeRecords(
      present?.records ?? [],
      packages.map(({ record }) => record),
    ),
    { description: present?.description ?? '', key, random: systemRandom },
  );
}

function report(
  { invocation: { print } }: Context,
  { known, packages, plan, report: built }: LocalBuildResult,
  durationMs: number,
): void {
  for (const warning of built?.warnings ?? []) print.talk(`warning: ${warning}\n`);
  for (const { file, record } of packages) print.talk(`${file}  ${size(record.sizeBytes)}\n`);
  const name = `${plan.compiled.package.name} ${plan.fullVersion} ${plan.compiled.arch}`;
  print.talk(
    known ? `${name}: known, nothing to do\n` : `${name}: built in ${duration(durationMs)}\n`,
  );
}
