import { KilnError, compareBytes, sortUnique } from '@kiln/base';
import { completeImageConfig, lockedPackages, serviceSupervisorPackage } from '@kiln/image-config';
import type { ImageConfig } from '@kiln/image-config';
import { splitAtom } from './atom.ts';
import type { SolverDialect } from './atom.ts';
import type { PreparedIndexes } from './prepared.ts';
import { solve, unsolvedText } from './solve.ts';
import type { Solved } from './types.ts';
import { unsolvedHint } from './unsolved-hint.ts';

/** The indexes that one architecture of an image is solved from. */
export interface ArchIndexes {
  /** Canonical name, such as `amd64`. */
  readonly arch: string;
  readonly prepared: PreparedIndexes;
  /** World entries of a base image for it, `name=version` each. */
  readonly basePackages?: readonly string[];
}

export interface ImageLockRequest {
  /** As written, with includes merged. */
  readonly config: ImageConfig;
  /** Packages that are asked for beside the configuration. */
  readonly appendedPackages?: readonly string[];
}

/** What the packages of one architecture are. */
export interface ImageLock {
  readonly arch: string;
  /** `name=version[@tag]`, sorted bytewise. */
  readonly world: readonly string[];
}

/** The same, with what was found for it. */
export interface LockedImage extends ImageLock {
  /** In the order of installation. */
  readonly packages: readonly Solved[];
}

/** What an image asks for, sorted bytewise; a service bundle asks for its supervisor, a base image for what it holds. */
export function imageWorld(
  { config, appendedPackages = [] }: ImageLockRequest,
  basePackages: readonly string[] = [],
): readonly string[] {
  const { packages } = completeImageConfig(config).contents;
  return sortUnique([...packages, ...appendedPackages, ...basePackages]);
}

/**
 * The packages of each architecture, in the order of installation, solved together: what one of them lacks, none gets.
 * Throws `IMAGE_LOCK_UNSOLVED`, which names the architecture.
 */
export function solveImages(
  request: ImageLockRequest,
  archs: readonly ArchIndexes[],
): ReadonlyMap<string, readonly Solved[]> {
  const isBundle = request.config.entrypoint.type === 'service-bundle';
  return new Map(
    archs.map(({ arch, prepared, basePackages }) => {
      const world = imageWorld(request, basePackages);
      const siblings = archs.filter((other) => other.arch !== arch);
      return [arch, solved(prepared, { world, arch, siblings, isBundle })] as const;
    }),
  );
}

/** The packages of one architecture whatever the others have. Throws `IMAGE_LOCK_UNSOLVED`. */
export function solveImage(
  world: readonly string[],
  { arch, prepared }: ArchIndexes,
): readonly Solved[] {
  return solved(prepared, { world, arch, siblings: [], isBundle: false });
}

/**
 * Locks an image the way apko does: all architectures are solved together, and each becomes the list of what was found.
 * An image without packages has no architectures, whatever else was asked for: the result is empty. Throws
 * `IMAGE_LOCK_UNSOLVED`, and `IMAGE_LOCK_INCONSISTENT` where architectures get different versions of what is asked for.
 */
export function lockImages(
  request: ImageLockRequest,
  archs: readonly ArchIndexes[],
): readonly LockedImage[] {
  const solutions = solveImages(request, archs);
  const { config } = request;
  if (config.contents.packages.length === 0) return [];
  const dialect = archs[0]?.prepared.dialect;
  requireConsistent(askedNames(config, dialect), solutions, dialect);
  return [...solutions].map(([arch, packages]) => ({
    arch,
    packages,
    world: lockedPackages(
      config,
      packages.map(({ record: { name, version } }) => ({ name, version })),
      dialect,
    ),
  }));
}

function solved(
  prepared: PreparedIndexes,
  {
    world,
    arch,
    siblings,
    isBundle,
  }: {
    readonly world: readonly string[];
    readonly arch: string;
    readonly siblings: readonly ArchIndexes[];
    readonly isBundle: boolean;
  },
): readonly Solved[] {
  const solution = solve(prepared, world, { siblings });
  if (solution.kind === 'solved') return solution.packages;
  const isSupervisor =
    isBundle && prepared.dialect === 'kiln' && solution.missing.includes(serviceSupervisorPackage);
  const asking = isSupervisor
    ? `entrypoint.type "service-bundle" asks for ${serviceSupervisorPackage}: `
    : '';
  const text = `for arch "${arch}": ${asking}${unsolvedText(solution)}`;
  throw new KilnError('IMAGE_LOCK_UNSOLVED', text, {
    hint: unsolvedHint(solution, prepared.dialect),
    details: { arch, missing: solution.missing },
  });
}

/** What one architecture gets under one name. */
interface Found {
  readonly version: string;
  readonly provides: ReadonlySet<string>;
}

/**
 * What is asked for by name must be found in the same version everywhere, or be provided everywhere by something that is. To apko it
 * may also be provided by what not every architecture gets, but the one does that it happens to begin with.
 */
function requireConsistent(
  asked: readonly string[],
  solutions: ReadonlyMap<string, readonly Solved[]>,
  dialect: SolverDialect | undefined,
): void {
  const byArch = [...solutions].map(([arch, packages]) => ({ arch, found: foundOf(packages) }));
  const founds = byArch.map(({ found }) => found);
  const common = founds.reduce((shared, found) => intersection(shared, found));
  const isEverywhere = (name: string): boolean => founds.every((found) => found.has(name));
  const own = founds.map((found) => [...found].filter(([name]) => !isEverywhere(name)));
  const providers = dialect === 'apko' ? own.map((some) => [...common, ...some]) : [[...common]];
  const missingOf = (providing: readonly (readonly [string, Found])[]): readonly string[] => {
    const provided = new Set(providing.flatMap(([, { provides }]) => [...provides]));
    return asked.filter((name) => !common.has(name) && !provided.has(name));
  };
  const [missing = [], ...others] = providers.map(missingOf);
  if ([missing, ...others].some((names) => names.length === 0)) return;
  const clusters = missing.map((name) => `${name}: ${clustersOf(name, byArch).join(', ')}`);
  throw new KilnError(
    'IMAGE_LOCK_INCONSISTENT',
    `unable to lock packages to a consistent version: ${clusters.join('; ')}`,
    { hint: 'ask for a version that every architecture has, or build fewer architectures' },
  );
}

function foundOf(packages: readonly Solved[]): ReadonlyMap<string, Found> {
  return new Map(
    packages.map(({ record: { name, version, provides } }) => [
      name,
      { version, provides: new Set(provides.map((text) => splitAtom(text, 'apko').name)) },
    ]),
  );
}

function intersection(
  a: ReadonlyMap<string, Found>,
  b: ReadonlyMap<string, Found>,
): ReadonlyMap<string, Found> {
  return new Map(
    [...a].flatMap(([name, one]): [string, Found][] => {
      const other = b.get(name);
      if (other?.version !== one.version) return [];
      const { version } = one;
      return [[name, { version, provides: one.provides.intersection(other.provides) }]];
    }),
  );
}

/** Names without constraints and pins, sorted. What is refused (`!name`) is not asked for, except by apko. */
export function askedNames(
  { contents }: ImageConfig,
  dialect: SolverDialect | undefined,
): readonly string[] {
  const asked = contents.packages.filter((text) => dialect === 'apko' || !text.startsWith('!'));
  return sortUnique(asked.map((text) => text.split(/[=<>~@]/)[0] ?? ''));
}

function clustersOf(
  name: string,
  byArch: readonly { readonly arch: string; readonly found: ReadonlyMap<string, Found> }[],
): readonly string[] {
  const archs = Map.groupBy(byArch, ({ found }) => found.get(name)?.version ?? 'none');
  return [...archs]
    .map(([version, these]) => `${version} (${these.map(({ arch }) => arch).join(', ')})`)
    .sort(compareBytes);
}
