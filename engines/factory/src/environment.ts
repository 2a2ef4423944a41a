import type { PackageOpener } from '@kiln/assemble';
import { environmentTree, openNamed, treeMembers } from '@kiln/assemble';
import type { Digest } from '@kiln/base';
import { digestOfValue, mapBounded, sortUnique } from '@kiln/base';
import type { Key } from '@kiln/queue';
import type { TarMember } from '@kiln/tar';
import { packagesOf } from './line.ts';
import type { LockPorts, SolvedLock } from './lock-memo.ts';
import type { BuiltPackage, FactoryRecords } from './records.ts';
import { solveLock } from './solve-lock.ts';

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
  { records, locks }: LockPorts,
  { arch, closure, seed, world }: EnvironmentRequest,
): Promise<EnvironmentLock> {
  const own = await closurePackages(records, closure);
  const head = seed ? await records.generationHead('seed', arch) : undefined;
  const atoms = sortUnique(world);
  const lock = await locks.lock(
    { use: 'environment', generations: [head], packages: own, world: atoms },
    async () =>
      solveEnvironment(own, head === undefined ? [] : await locks.packages(records, head), atoms),
  );
  if (lock.kind === 'unsolved') return lock;
  return {
    kind: 'locked',
    packages: lock.packages.map(({ record, apk, repository }) => ({
      name: record.name,
      version: record.version,
      checksum: record.checksum,
      apk,
      repository: repository as 'catalog' | 'seed',
    })),
  };
}

function solveEnvironment(
  own: readonly BuiltPackage[],
  seed: readonly BuiltPackage[],
  world: readonly string[],
): SolvedLock {
  const names = new Set(own.map((one) => one.record.name));
  return solveLock(
    [
      { repository: 'catalog', packages: own },
      { repository: 'seed', packages: seed.filter((one) => !names.has(one.record.name)) },
    ],
    world,
  );
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
      const packages = await mapBounded(environment, openedAtOnce, (one) =>
        openNamed(opener, one, one.apk),
      );
      yield* treeMembers(await environmentTree({ packages, arch }));
    },
  );
}
