import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { digestOf } from '@kiln/base';
import type { RepositoryIndex } from '@kiln/solve/candidates';
import fc from 'fast-check';
import type { RecipeNode, RecipePackage } from './recipe-node.ts';

/** A recipe for tests: what is not given is empty, and there is a package of the recipe's name. */
export function recipe(
  name: string,
  given: Partial<Omit<RecipeNode, 'packages'>> & {
    readonly packages?: readonly (Partial<RecipePackage> & { readonly name: string })[];
  } = {},
): RecipeNode {
  return {
    version: '1.0-r0',
    epoch: 0,
    file: `${name}.yaml`,
    digest: digestOf(name),
    build: [],
    test: [],
    pipelines: [],
    ...given,
    name,
    packages: (given.packages ?? [{ name }]).map((one) => ({ provides: [], runtime: [], ...one })),
  };
}

export function record(
  name: string,
  version: string,
  given: Partial<IndexRecord> = {},
): IndexRecord {
  return {
    ...emptyRecord,
    checksum: 'Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    arch: 'x86_64',
    sizeBytes: 1,
    installedSizeBytes: 1,
    ...given,
    name,
    version,
  };
}

export function index(...records: readonly IndexRecord[]): RepositoryIndex {
  return { repository: 'published', tag: '', records };
}

const atom: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(11).map((number) => `r${number}`) },
  { weight: 2, arbitrary: fc.nat(11).map((number) => `r${number}-dev`) },
  { weight: 2, arbitrary: fc.constantFrom('v0', 'v1', 'v0>1', 'r1<1', '!r2', 'nobody') },
);
const atoms = fc.uniqueArray(atom, { maxLength: 4 });
const provides = fc.uniqueArray(fc.constantFrom('v0', 'v0=2', 'v1=1', 'so:libv.so.1=1'), {
  maxLength: 2,
});
const body = fc.record({ build: atoms, test: atoms, runtime: atoms, devRuntime: atoms, provides });

/** Trees of up to 12 recipes that need each other at random, most of them with cycles. */
export const anyTree: fc.Arbitrary<readonly RecipeNode[]> = fc
  .array(body, { minLength: 1, maxLength: 12 })
  .map((bodies) =>
    bodies.map((one, number) =>
      recipe(`r${number}`, {
        build: one.build,
        test: one.test,
        packages: [
          { name: `r${number}`, runtime: one.runtime, provides: one.provides },
          { name: `r${number}-dev`, runtime: one.devRuntime },
        ],
      }),
    ),
  );

/** Indexes that have some of the packages of such trees. */
export const anyIndex: fc.Arbitrary<RepositoryIndex> = fc
  .uniqueArray(fc.tuple(fc.nat(11), fc.constantFrom('0.9-r0', '1.0-r0')), { maxLength: 8 })
  .map((present) => index(...present.map(([number, version]) => record(`r${number}`, version))));
