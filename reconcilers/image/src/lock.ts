import type { IndexRecord } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import { sortUnique } from '@kiln/base';
import type { BuiltPackage, FactoryRecords, ImageBundle } from '@kiln/factory';
import { heldResults, indexKey, packageKey, pendingOf } from '@kiln/factory';
import type { Key } from '@kiln/queue';
import { solve } from '@kiln/solve';

export interface ImagePackageFile {
  readonly record: IndexRecord;
  readonly apk: Digest;
}

export type ImageLock =
  /** In install order. */
  | { readonly kind: 'locked'; readonly packages: readonly ImagePackageFile[] }
  | { readonly kind: 'waiting'; readonly keys: readonly Key[] }
  | { readonly kind: 'unsolved'; readonly chain: readonly string[] };

/**
 * Resolves a world against the current generations. Candidates are the packages of the image's closure; those of the
 * recipes whose part the seed plays in build environments join as soon as they are there, and are waited for when the
 * world does not resolve without them. An index that lags behind its packages is waited for too; but a package that is held
 * back by a test is a candidate in the version that is shown, and its test is waited for only where nothing else will do.
 */
export async function lockImage(
  records: FactoryRecords,
  bundle: ImageBundle,
  world: readonly string[],
): Promise<ImageLock> {
  const { shown, held, tests } = await candidatesOf(records, bundle);
  const indexes = [];
  const files = new Map<string, Digest>();
  for (const repository of bundle.repositories) {
    const generation = await records.currentGeneration(repository, bundle.arch);
    const packages = (generation?.packages ?? []).filter(
      ({ apk, record }) =>
        shown.get(record.checksum)?.apk === apk || held.has(packageKey(record.origin, bundle.arch)),
    );
    for (const one of packages) files.set(one.record.checksum, one.apk);
    indexes.push({ repository, tag: '', records: packages.map((one) => one.record) });
  }
  const lagging = [...shown.values()].filter((one) => !files.has(one.record.checksum));
  if (lagging.length > 0)
    return {
      kind: 'waiting',
      keys: bundle.repositories.map((name) => indexKey(name, bundle.arch)),
    };
  const solution = solve(indexes, [...new Set(world)].sort());
  if (solution.kind === 'unsolved') {
    // What is built already comes first: it may be all that is missing.
    const pending = tests.length > 0 ? tests : await pendingOf(records, bundle.optional);
    return pending.length > 0
      ? { kind: 'waiting', keys: pending }
      : { kind: 'unsolved', chain: solution.chain };
  }
  return {
    kind: 'locked',
    packages: solution.packages.map(({ record }) => {
      const apk = files.get(record.checksum);
      if (apk === undefined)
        throw new Error(`assertion failed: ${record.name} was chosen but is no candidate`);
      return { record, apk };
    }),
  };
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
