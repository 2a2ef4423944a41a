import type { IndexRecord } from '@kiln/apk';
import { compareBytes, sortUnique } from '@kiln/base';
import { carries, prepareIndexes, splitAtom } from '@kiln/solve/candidates';
import type { Candidate, PreparedIndexes } from '@kiln/solve/candidates';
import { compareVersions } from '@kiln/version';
import type { RecipeNode } from './recipe-node.ts';

export interface SonameRequest {
  /** What is published. */
  readonly before: readonly IndexRecord[];
  /** What was built and takes the place of packages of the same names. */
  readonly built: readonly IndexRecord[];
  /** The recipes of the tree, for their epochs. */
  readonly recipes: readonly RecipeNode[];
}

/** A package whose libraries will not be there any more. */
export interface BrokenPackage {
  readonly name: string;
  readonly version: string;
  /** The atoms that nothing gives once the built packages are published, and which package gave each. Sorted. */
  readonly lost: readonly { readonly atom: string; readonly formerly: string }[];
}

/** A recipe that has to be built again, and the packages that show it. */
export interface EpochBump {
  /** The origin of its packages. */
  readonly recipe: string;
  /** In the tree; undefined where the tree has no such recipe. */
  readonly file: string | undefined;
  /**
   * The epoch it needs; undefined where the tree has no such recipe, or has it at another version than the published one
   * already, so that it will be built anyway.
   */
  readonly epoch: number | undefined;
  readonly packages: readonly BrokenPackage[];
}

/**
 * Who needs a new epoch when built packages take the place of published ones: every package, at its newest version, one of
 * whose `so:` dependencies holds before and not after. A library that moved to another package, or that something else
 * gives as well, breaks nobody. In byte order of the recipes and packages.
 */
export function sonameImpact({ before, built, recipes }: SonameRequest): readonly EpochBump[] {
  const present = newest(before);
  const next = new Map(present);
  for (const [name, record] of newest(built)) next.set(name, record);
  const old = prepare(present);
  const renewed = prepare(next);
  const broken = Map.groupBy(
    [...next.values()].flatMap((record) => {
      const lost = record.depends.flatMap((atom) => lostAtom(atom, old, renewed));
      return lost.length === 0 ? [] : [{ record, lost: sorted(lost) }];
    }),
    ({ record }) => record.origin || record.name,
  );
  return sortUnique(broken.keys()).map((origin) => {
    const found = (broken.get(origin) ?? []).sort((a, b) =>
      compareBytes(a.record.name, b.record.name),
    );
    const recipe = recipes.find(({ name }) => name === origin);
    const isAsPublished = found.some(({ record }) => record.version === recipe?.version);
    return {
      recipe: origin,
      file: recipe?.file,
      epoch: recipe !== undefined && isAsPublished ? recipe.epoch + 1 : undefined,
      packages: found.map(({ record: { name, version }, lost }) => ({ name, version, lost })),
    };
  });
}

type Lost = BrokenPackage['lost'][number];

function lostAtom(atom: string, old: PreparedIndexes, renewed: PreparedIndexes): readonly Lost[] {
  if (!atom.startsWith('so:') || giverOf(atom, renewed) !== undefined) return [];
  const formerly = giverOf(atom, old);
  return formerly === undefined ? [] : [{ atom, formerly: formerly.name }];
}

function giverOf(text: string, prepared: PreparedIndexes): Candidate | undefined {
  const atom = splitAtom(text, 'kiln');
  return prepared.byName(atom.name).find((one) => atom.operator === 'any' || carries(one, atom));
}

function newest(records: readonly IndexRecord[]): ReadonlyMap<string, IndexRecord> {
  const found = new Map<string, IndexRecord>();
  for (const record of records) {
    const known = found.get(record.name);
    if (known === undefined || compareVersions(record.version, known.version) > 0)
      found.set(record.name, record);
  }
  return found;
}

function prepare(records: ReadonlyMap<string, IndexRecord>): PreparedIndexes {
  return prepareIndexes([{ repository: '', tag: '', records: [...records.values()] }]);
}

function sorted(lost: readonly Lost[]): readonly Lost[] {
  return lost.toSorted((a, b) => compareBytes(a.atom, b.atom));
}
