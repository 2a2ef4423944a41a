import type {
  EnvironmentPackage,
  LockPorts,
  PackageResult,
  TestBundle,
  TestGuest,
} from '@kiln/factory';
import { lockEnvironment, pendingOf } from '@kiln/factory';
import { KilnError, assert, type Position } from '@kiln/base';
import type { Key } from '@kiln/queue';

export interface GuestRequest {
  readonly bundle: TestBundle;
  readonly guest: TestGuest;
  /** Atoms of the test; the package under test is one of them. */
  readonly atoms: readonly string[];
  /** Of the package in the recipe. */
  readonly position: Position;
  /** What is tested: what was built last of the recipe. */
  readonly built: PackageResult;
}

export type LockedGuest =
  | { readonly kind: 'locked'; readonly packages: readonly EnvironmentPackage[] }
  | { readonly kind: 'waiting'; readonly keys: readonly Key[] };

/**
 * Resolves the guest of one package's test, which holds that package in the version that was built, and so its very file:
 * nothing else of the recipe is a candidate. Throws `PACKAGE_TEST_UNSOLVED`, placed at the package.
 */
export async function lockGuest(
  ports: LockPorts,
  { bundle, guest, atoms, position, built }: GuestRequest,
): Promise<LockedGuest> {
  const { package: name, optional } = guest;
  const tested = built.packages.find(({ record }) => record.name === name);
  assert(tested !== undefined, `the package ${name} was built`);
  const exactly = `${name}=${tested.record.version}`;
  const world = [...guest.world, ...atoms.map((atom) => (atom === name ? exactly : atom))];
  const request = {
    arch: bundle.arch,
    closure: [bundle.package, ...guest.closure],
    seed: guest.seed,
    world,
  };
  const first = await lockEnvironment(ports, request);
  if (first.kind === 'locked') return first;
  // Only now: whether they are there must not decide about a guest that does without them.
  const pending = await pendingOf(ports.records, optional);
  if (pending.length > 0) return { kind: 'waiting', keys: pending };
  const closure = [...request.closure, ...optional];
  const second =
    optional.length === 0 ? first : await lockEnvironment(ports, { ...request, closure });
  if (second.kind === 'locked') return second;
  throw new KilnError(
    'PACKAGE_TEST_UNSOLVED',
    `no guest for the test of ${name}: ${second.chain.join(' ')}`,
    {
      position,
      hint: 'name packages that a recipe of the catalog gives, or that seed.yaml lists, in test.environment.contents.packages',
    },
  );
}
