import type { IndexRecord } from '@kiln/apk';
import type { Digest } from '@kiln/base';
import type { BuiltPackage, FactoryRecords, ImageBundle } from '@kiln/factory';
import { indexKey, packagesOf, pendingOf } from '@kiln/factory';
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
 * world does not resolve without them. An index that lags behind its packages is waited for too.
 */
export async function lockImage(
  records: FactoryRecords,
  bundle: ImageBundle,
  world: readonly string[],
): Promise<ImageLock> {
  const allowed = await allowedPackages(records, [...bundle.closure, ...bundle.optional]);
  const indexes = [];
  const files = new Map<string, Digest>();
  for (const repository of bundle.repositories) {
    const generation = await records.currentGeneration(repository, bundle.arch);
    const packages = (generation?.packages ?? []).filter(
      (one) => allowed.get(one.record.checksum)?.apk === one.apk,
    );
    for (const one of packages) files.set(one.record.checksum, one.apk);
    indexes.push({ repository, tag: '', records: packages.map((one) => one.record) });
  }
  const lagging = [...allowed.values()].filter((one) => !files.has(one.record.checksum));
  if (lagging.length > 0)
    return {
      kind: 'waiting',
      keys: bundle.repositories.map((name) => indexKey(name, bundle.arch)),
    };
  const solution = solve(indexes, [...new Set(world)].sort());
  if (solution.kind === 'unsolved') {
    const pending = await pendingOf(records, bundle.optional);
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

/** The packages of these keys' last good results, by checksum. */
async function allowedPackages(
  records: FactoryRecords,
  keys: readonly Key[],
): Promise<ReadonlyMap<string, BuiltPackage>> {
  const states = await records.states(keys);
  const packages = new Map<string, BuiltPackage>();
  for (const key of keys) {
    for (const one of (await packagesOf(records, states.get(key)))?.packages ?? [])
      packages.set(one.record.checksum, one);
  }
  return packages;
}
