import type { PackageOpener } from '@kiln/assemble';
import { environmentTree, treeMembers } from '@kiln/assemble';
import type { Digest } from '@kiln/base';
import { assert, digestOfValue, mapBounded, sortUnique } from '@kiln/base';
import type { Key } from '@kiln/queue';
import { solve } from '@kiln/solve';
import type { TarMember } from '@kiln/tar';
import { packagesOf } from './line.ts';
import type { BuiltPackage, FactoryRecords } from './records.ts';

/** A package of an environment: what is locked, and the file it is. */
export interface EnvironmentPackage {
  readonly name: string;
  readonly version: string;
  readonly checksum: string;
  readonly apk: Digest;
  readonly repository: 'catalog' | 'seed';
}

export interface EnvironmentRequest {
  readonly arch: string;
  /** Keys of the packages that may enter: the last good result of each. */
  readonly closure: readonly Key[];
  /** Whether those packages of the seed may whose names the closure does not give. */
  readonly seed: boolean;
  /** Atoms. */
  readonly world: readonly string[];
}

export type EnvironmentLock =
  /** In install order. */
  | { readonly kind: 'locked'; readonly packages: readonly EnvironmentPackage[] }
  | { readonly kind: 'unsolved'; readonly chain: readonly string[] };

/**
 * Resolves the environment of a build or a test. Candidates are the packages of the closure, and of the seed those whose
 * names the closure does not give: so nothing that merely happens to exist can get in.
 */
export async function lockEnvironment(
  records: FactoryRecords,
  request: EnvironmentRequest,
): Promise<EnvironmentLock> {
  const own = await closurePackages(records, request.closure);
  const names = new Set(own.map((one) => one.record.name));
  const seed = request.seed
    ? ((await records.currentGeneration('seed', request.arch))?.packages ?? [])
    : [];
  const repositories = { catalog: own, seed: seed.filter((one) => !names.has(one.record.name)) };
  const solution = solve(
    (['catalog', 'seed'] as const).map((repository) => ({
      repository,
      tag: '',
      records: repositories[repository].map((one) => one.record),
    })),
    sortUnique(request.world),
  );
  if (solution.kind === 'unsolved') return { kind: 'unsolved', chain: solution.chain };
  const files = new Map(
    [...repositories.catalog, ...repositories.seed].map((one) => [one.record.checksum, one.apk]),
  );
  return {
    kind: 'locked',
    packages: solution.packages.map(({ record, repository }) => {
      const apk = files.get(record.checksum);
      assert(apk !== undefined, `${record.name} was chosen, so it is a candidate`);
      return {
        name: record.name,
        version: record.version,
        checksum: record.checksum,
        apk,
        repository: repository as 'catalog' | 'seed',
      };
    }),
  };
}

async function closurePackages(
  records: FactoryRecords,
  closure: readonly Key[],
): Promise<readonly BuiltPackage[]> {
  const states = await records.states(closure);
  const packages: BuiltPackage[] = [];
  for (const key of closure)
    packages.push(...((await packagesOf(records, states.get(key)))?.packages ?? []));
  return packages;
}

/** Root file systems on disk by the digest of what they are made of. */
export interface EnvironmentCache {
  /** The folder of an environment; made from `members` when it is not there. */
  ensure(key: Digest, members: () => AsyncIterable<TarMember>): Promise<string>;
}

export interface EnvironmentPorts {
  readonly opener: PackageOpener;
  readonly environments: EnvironmentCache;
}

/** Packages that are unpacked at once. */
const openedAtOnce = 6;

/** The root file system of a locked environment; builds and tests with the same lock share it, and nobody writes there. */
export async function environmentRoot(
  { opener, environments }: EnvironmentPorts,
  environment: readonly EnvironmentPackage[],
  arch: string,
): Promise<string> {
  const lock = environment.map(({ name, version, checksum }) => [name, version, checksum]);
  return environments.ensure(
    digestOfValue({ environment: 'build/1', arch, lock }),
    async function* members() {
      const packages = await mapBounded(environment, openedAtOnce, (one) => opener.open(one.apk));
      yield* treeMembers(await environmentTree({ packages, arch }));
    },
  );
}
