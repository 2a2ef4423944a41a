import type { Key } from '@kiln/queue';
import { parseKey, testKey } from './keys.ts';
import type { Desired } from './records.ts';

/** The keys that these names need: theirs and, again and again, what they depend on. */
export function neededFor(desired: readonly Desired[], names: readonly string[]): ReadonlySet<Key> {
  const roots = desired.filter((one) => one.kind !== 'index' && names.includes(one.name));
  return new Set(roots.flatMap((one) => [...neededBy(desired, one.key)]));
}

/** A key and, again and again, what it depends on; a package is shown once it is tested, so its test comes with it. */
export function neededBy(desired: readonly Desired[], root: Key): ReadonlySet<Key> {
  const byKey = new Map(desired.map((one) => [one.key, one]));
  const needed = new Set<Key>();
  const visit = (key: Key): void => {
    const one = byKey.get(key);
    if (one === undefined || needed.has(key)) return;
    needed.add(key);
    // An index depends on every package of its catalog; what an image needs of it the image names itself.
    if (one.kind !== 'index') one.dependsOn.forEach(visit);
    if (one.kind === 'package') visit(testKey(one.name, parseKey(key).arch));
  };
  visit(root);
  return needed;
}
