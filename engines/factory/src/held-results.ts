import { hexOf } from '@kiln/base';
import type { Key } from '@kiln/queue';
import { packageKey, parseKey } from './keys.ts';
import type { ActionResult, FactoryRecords, PackageResult } from './records.ts';

/** What was built last of some recipes, and which of it may not be shown yet. */
export interface HeldResults {
  /** The last good result of each key that has one. */
  readonly built: ReadonlyMap<Key, PackageResult>;
  /**
   * The keys whose last good result is held back, and the tests that hold it: their own, that of something that went into
   * them, or of what went into that.
   */
  readonly held: ReadonlyMap<Key, readonly Key[]>;
}

/**
 * What of these recipes' packages may be shown. A package whose recipe has tests waits for them to pass on exactly its
 * files; what was made with a package that waits, waits too. So the packages that can be had were made of nothing but what
 * passed. Builds do not wait: they take what is built, and a test may need what needs the package.
 */
export async function heldResults(
  records: FactoryRecords,
  recipes: { readonly packages: readonly Key[]; readonly tests: readonly Key[] },
): Promise<HeldResults> {
  const states = await records.states([...recipes.packages, ...recipes.tests]);
  const results = await records.actions([...states.values()].flatMap(({ action }) => action ?? []));
  const resultOf = (key: Key): ActionResult | undefined => {
    const action = states.get(key)?.action;
    return action === undefined ? undefined : results.get(action);
  };
  const built = new Map<Key, PackageResult>();
  for (const key of recipes.packages) {
    const result = resultOf(key);
    if (result?.kind === 'package') built.set(key, result);
  }
  const held = new Map<Key, readonly Key[]>();
  for (const test of recipes.tests) {
    const { name, arch } = parseKey(test);
    const result = built.get(packageKey(name, arch));
    if (result === undefined) continue;
    const tested = resultOf(test);
    const passed = new Set(tested?.kind === 'test' ? tested.apks : []);
    if (!result.packages.every(({ apk }) => passed.has(apk)))
      held.set(packageKey(name, arch), [test]);
  }
  holdDependants(built, held);
  return { built, held };
}

/** Adds what was made with something that is held, until there is nothing more to add. */
function holdDependants(
  built: ReadonlyMap<Key, PackageResult>,
  held: Map<Key, readonly Key[]>,
): void {
  for (let before = -1; before !== held.size;) {
    before = held.size;
    const heldFiles = filesOf(built, held);
    for (const [key, { inputs }] of built) {
      if (held.has(key)) continue;
      const tests = inputs.flatMap(({ digest }) => heldFiles.get(digest['sha256'] ?? '') ?? []);
      if (tests.length > 0) held.set(key, [...new Set(tests)]);
    }
  }
}

/** The held packages' files, by the SHA-256 by which inputs of builds name them. */
function filesOf(
  built: ReadonlyMap<Key, PackageResult>,
  held: ReadonlyMap<Key, readonly Key[]>,
): ReadonlyMap<string, readonly Key[]> {
  return new Map(
    [...held].flatMap(([key, tests]) =>
      (built.get(key)?.packages ?? []).map(({ apk }) => [hexOf(apk), tests] as const),
    ),
  );
}
