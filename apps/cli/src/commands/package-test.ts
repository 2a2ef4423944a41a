import { silentLogger } from '@kiln/base';
import { networkDependencies } from '@kiln/build';
import { appliesTo, type Architecture, type Recipe } from '@kiln/recipe';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { testLocally, type TestedPackage } from '../local/local-test.ts';
import { architecturesOf, listOf, requireMade } from '../local/options.ts';
import {
  appendedOf,
  networkOptions,
  observedOf,
  openSession,
  readRecipe,
  recipeOptions,
  type PackageSession,
} from '../local/package-session.ts';
import { localRepositories, localSources } from '../local/sources.ts';

export const packageTest: Command = {
  name: 'package test',
  summary:
    'Run the tests of recipes: each package in a fresh environment that holds exactly the version that was built. Needs no running factory.',
  usage: 'package test RECIPE... [--package NAME] --repository URL|DIR [--out-dir DIR]',
  examples: [
    'kiln package test zlib.yaml --repository ./seed --keyring seed.rsa.pub --signing-key kiln.rsa',
    'kiln package test zlib.yaml --package zlib-dev --repository ./seed --keyring seed.rsa.pub',
  ],
  options: {
    ...jsonOption,
    ...recipeOptions,
    package: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'only the tests of these packages',
    },
    'out-dir': { type: 'string', value: 'DIR', help: 'where the packages are (./packages)' },
    'signing-key': {
      type: 'string',
      value: 'FILE',
      help: 'the key that signed them: its public half is FILE.pub',
    },
    ...networkOptions,
    network: {
      type: 'boolean',
      help: 'let the steps reach the network; what they fetch is shown, and listed by --json',
    },
    quiet: { type: 'boolean', help: 'do not print what the steps print' },
  },
  async run(invocation) {
    if (invocation.positionals.length === 0) throw usage(packageTest, 'which recipes?');
    const session = await openSession(invocation);
    await requirePackages(session);
    const rows: Row[] = [];
    for (const file of invocation.positionals) rows.push(...(await testFile(session, file)));
    if (invocation.flags['json'] === true)
      invocation.print.data(`${JSON.stringify(rows, null, 2)}\n`);
    return 0;
  },
};

interface Row extends Omit<TestedPackage, 'network'> {
  readonly recipe: string;
  readonly arch: string;
  /** Where the steps had a network: what they fetched. */
  readonly fetched?: ReturnType<typeof networkDependencies>;
}

function rowOf(recipe: string, arch: string, { network, ...tested }: TestedPackage): Row {
  const fetched = network === undefined ? {} : { fetched: networkDependencies(network) };
  return { recipe, arch, ...tested, ...fetched };
}

/** Throws `USAGE` for a name of `--package` that none of the recipes makes. */
async function requirePackages(session: PackageSession): Promise<void> {
  const { invocation, compiler } = session;
  const only = listOf(invocation.flags['package']);
  if (only.length === 0) return;
  const made = new Set<string>();
  for (const file of invocation.positionals) {
    const recipe = await readRecipe(session, file);
    for (const arch of architecturesOf(invocation)) {
      const { package: main, subpackages } = compiler.compile(recipe, arch);
      for (const { name } of [main, ...subpackages]) made.add(name);
    }
  }
  requireMade(only, made);
}

async function testFile(session: PackageSession, file: string): Promise<readonly Row[]> {
  const { invocation, catalog, compiler, guests, blobs, cache } = session;
  const { flags, print } = invocation;
  const recipe = await readRecipe(session, file);
  const only = listOf(flags['package']);
  const rows: Row[] = [];
  for (const arch of architecturesOf(invocation)) {
    if (!appliesTo(recipe.package.targetArchitectures, arch)) continue;
    const tested = await testLocally({
      compiled: compiler.compile(recipe, arch),
      guests,
      appended: appendedToTest(session, recipe, arch),
      ...(only.length === 0 ? {} : { only }),
      ...(catalog === undefined ? {} : { variables: catalog.settings.variables }),
      network: 'none',
      observed: flags['network'] === true ? await observedOf(session) : undefined,
      fetching: {
        blobs,
        sources: localSources(cache, blobs, silentLogger),
        git: await localRepositories(cache),
      },
      onTest: (name) => print.talk(`testing ${name}\n`),
      onLog: ({ step, text }) => {
        if (flags['quiet'] !== true) print.talk(`${step} | ${text}\n`);
      },
    });
    for (const { name, kind } of tested)
      print.talk(kind === 'passed' ? `${name}: passed\n` : `${name}: installs; it has no test\n`);
    rows.push(...tested.map((one) => rowOf(recipe.package.name, arch, one)));
  }
  return rows;
}

/** As in a factory, nothing is there beside what the test asks for where the seed plays the part of the recipe elsewhere. */
function appendedToTest(
  session: PackageSession,
  recipe: Recipe,
  arch: Architecture,
): ReturnType<typeof appendedOf> {
  const appended = appendedOf(session, arch);
  const substituted = session.catalog?.settings.fromSeed.includes(recipe.package.name) === true;
  return substituted ? { ...appended, packages: [] } : appended;
}
