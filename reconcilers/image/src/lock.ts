import { KilnError, sortUnique } from '@kiln/base';
import type {
  BuiltPackage,
  FactoryRecords,
  GenerationHead,
  ImageBundle,
  LockPorts,
  LockedPackage,
  SolvedLock,
} from '@kiln/factory';
import { heldResults, indexKey, packageKey, pendingOf, solveLock } from '@kiln/factory';
import type { Key } from '@kiln/queue';

export type ImageLock =
  /** In install order. */
  | { readonly kind: 'locked'; readonly packages: readonly LockedPackage[] }
  | { readonly kind: 'waiting'; readonly keys: readonly Key[] }
  | { readonly kind: 'unsolved'; readonly chain: readonly string[] };

/** The packages of an image, and those of the root that its tests run in. */
export type ImageLocks =
  | {
      readonly kind: 'locked';
      readonly packages: readonly LockedPackage[];
      readonly testPackages: readonly LockedPackage[];
    }
  | Extract<ImageLock, { readonly kind: 'waiting' }>;

/** Resolves what an image asks for, and that with what its test adds. Throws `IMAGE_UNSOLVED` with the file that asks for too much. */
export async function lockWithTest(
  ports: LockPorts,
  bundle: ImageBundle,
  { asked, ofTest }: { readonly asked: readonly string[]; readonly ofTest: readonly string[] },
): Promise<ImageLocks> {
  const lock = await lockImage(ports, bundle, asked);
  if (lock.kind === 'unsolved') throw unsolved(bundle.file, lock.chain);
  if (lock.kind === 'waiting') return lock;
  const testLock = await lockImage(ports, bundle, [...asked, ...ofTest]);
  if (testLock.kind === 'unsolved') throw unsolved(bundle.testFile, testLock.chain);
  if (testLock.kind === 'waiting') return testLock;
  return { kind: 'locked', packages: lock.packages, testPackages: testLock.packages };
}

function unsolved(file: string, chain: readonly string[]): KilnError {
  return new KilnError('IMAGE_UNSOLVED', `${file}: ${chain.join(' ')}`, {
    hint: 'kiln package ls lists the packages there are',
  });
}

/**
 * Resolves a world against the current generations. Candidates are the packages of the image's closure; those of the
 * recipes whose part the seed plays in build environments join as soon as they are there, and are waited for when the
 * world does not resolve without them. An index that lags behind its packages is waited for too; but a package that is held
 * back by a test is a candidate in the version that is shown, and its test is waited for only where nothing else will do.
 */
export async function lockImage(
  ports: LockPorts,
  bundle: ImageBundle,
  world: readonly string[],
): Promise<ImageLock> {
  const { records, locks } = ports;
  const candidates = await candidatesOf(records, bundle);
  const generations: (GenerationHead | undefined)[] = [];
  for (const repository of bundle.repositories)
    generations.push(await records.generationHead(repository, bundle.arch));
  const atoms = [...new Set(world)].sort();
  const lock = await locks.lock(
    {
      use: 'image',
      generations,
      packages: [...candidates.shown.values()],
      filters: [...candidates.held.keys()].sort(),
      world: atoms,
    },
    () => solveImageLock(ports, { bundle, candidates, generations, world: atoms }),
  );
  if (lock === undefined)
    return {
      kind: 'waiting',
      keys: bundle.repositories.map((name) => indexKey(name, bundle.arch)),
    };
  if (lock.kind === 'locked') return lock;
  // What is built already comes first: it may be all that is missing.
  const { tests } = candidates;
  const pending = tests.length > 0 ? tests : await pendingOf(records, bundle.optional);
  return pending.length > 0 ? { kind: 'waiting', keys: pending } : lock;
}

/** Undefined where the generations lag behind what is to be shown. */
async function solveImageLock(
  { records, locks }: LockPorts,
  {
    bundle,
    candidates: { shown, held },
    generations,
    world,
  }: {
    readonly bundle: ImageBundle;
    readonly candidates: Candidates;
    readonly generations: readonly (GenerationHead | undefined)[];
    readonly world: readonly string[];
  },
): Promise<SolvedLock | undefined> {
  const repositories = [];
  const present = new Set<string>();
  for (const head of generations) {
    if (head === undefined) continue;
    const packages = (await locks.packages(records, head)).filter(
      ({ apk, record }) =>
        shown.get(record.checksum)?.apk === apk || held.has(packageKey(record.origin, bundle.arch)),
    );
    for (const { record } of packages) present.add(record.checksum);
    repositories.push({ repository: head.repository, packages });
  }
  return [...shown.keys()].every((checksum) => present.has(checksum))
    ? solveLock(repositories, world)
    : undefined;
}

interface Candidates {
  /** What the indexes show, or are about to: the last good results that nothing holds back, by checksum. */
  readonly shown: ReadonlyMap<string, BuiltPackage>;
  /** Keys of which the indexes show something else. */
  readonly held: ReadonlyMap<Key, readonly Key[]>;
  /** The tests that hold them. */
  readonly tests: readonly Key[];
}

async function candidatesOf(
  records: FactoryRecords,
  { closure, optional, ingredients, tests }: ImageBundle,
): Promise<Candidates> {
  const candidates = [...closure, ...optional];
  const packages = [...candidates, ...ingredients];
  const { built, held } = await heldResults(records, { packages, tests });
  const shown = candidates.flatMap((key) =>
    held.has(key) ? [] : (built.get(key)?.packages ?? []),
  );
  return {
    shown: new Map(shown.map((one) => [one.record.checksum, one])),
    held,
    tests: sortUnique(candidates.flatMap((key) => held.get(key) ?? [])) as Key[],
  };
}
