import type { Digest } from '@kiln/base';
import { KilnError } from '@kiln/base';
import type { BuiltPackage, FactoryRecords, PackageBundle } from '@kiln/factory';
import { packagesOf } from '@kiln/factory';
import type { CompiledRecipe } from '@kiln/recipe';
import { solve } from '@kiln/solve';

/** A package of a build environment: what is locked, and the file it is. */
export interface EnvironmentPackage {
  readonly name: string;
  readonly version: string;
  readonly checksum: string;
  readonly apk: Digest;
  readonly repository: 'catalog' | 'seed';
}

/**
 * Resolves a build environment. The world is what every environment has and what the recipe asks for. Candidates are the
 * packages of the recipe's closure, and of the seed those whose names the closure does not give: so nothing that merely
 * happens to exist can get in. Throws `PACKAGE_ENVIRONMENT_UNSOLVED`, placed at the recipe's package.
 */
export async function lockEnvironment(
  records: FactoryRecords,
  bundle: PackageBundle,
  compiled: Pick<CompiledRecipe, 'environment' | 'package'>,
): Promise<readonly EnvironmentPackage[]> {
  const own = await closurePackages(records, bundle);
  const names = new Set(own.map((one) => one.record.name));
  const seed = (await records.currentGeneration('seed', bundle.arch))?.packages ?? [];
  const repositories = { catalog: own, seed: seed.filter((one) => !names.has(one.record.name)) };
  const atoms = compiled.environment.contents.packages;
  const world = [...new Set([...bundle.settings.environmentPackages, ...atoms])].sort();
  const solution = solve(
    (['catalog', 'seed'] as const).map((repository) => ({
      repository,
      tag: '',
      records: repositories[repository].map((one) => one.record),
    })),
    world,
  );
  if (solution.kind === 'unsolved') {
    throw new KilnError(
      'PACKAGE_ENVIRONMENT_UNSOLVED',
      `no build environment: ${solution.chain.join(': ')}`,
      {
        position: compiled.package.position,
        hint: 'name packages that a recipe of the catalog gives, or that seed.yaml lists',
      },
    );
  }
  const files = new Map(
    [...repositories.catalog, ...repositories.seed].map((one) => [one.record.checksum, one.apk]),
  );
  return solution.packages.map(({ record, repository }) => {
    const apk = files.get(record.checksum);
    if (apk === undefined)
      throw new Error(`assertion failed: ${record.name} was chosen but is no candidate`);
    return {
      name: record.name,
      version: record.version,
      checksum: record.checksum,
      apk,
      repository: repository as 'catalog' | 'seed',
    };
  });
}

async function closurePackages(
  records: FactoryRecords,
  bundle: PackageBundle,
): Promise<readonly BuiltPackage[]> {
  const states = await records.states(bundle.closure);
  const packages: BuiltPackage[] = [];
  for (const key of bundle.closure)
    packages.push(...((await packagesOf(records, states.get(key)))?.packages ?? []));
  return packages;
}
