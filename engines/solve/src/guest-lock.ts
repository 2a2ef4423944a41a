import { KilnError, shorten, sortUnique, withoutUserInfo } from '@kiln/base';
import { architectureOf, lockImageConfig, lockedPackages } from '@kiln/image-config';
import type { Contents, ImageConfig } from '@kiln/image-config';
import { splitAtom } from './atom.ts';
import type { SolverDialect } from './atom.ts';
import { askedNames } from './image-lock.ts';
import { packageAddress } from './package-address.ts';
import { prepareIndexes } from './prepared.ts';
import type { PreparedIndexes } from './prepared.ts';
import { solve } from './solve.ts';
import type { RepositoryIndex, Solved } from './types.ts';
import { unsolvedHint } from './unsolved-hint.ts';

/** What a guest is to hold. */
export interface GuestRequest {
  /** The environment as it is written, the needs of the steps among its packages. */
  readonly environment: ImageConfig;
  /** Canonical or apk name. */
  readonly arch: string;
  /** What comes from the command line. */
  readonly appended?: {
    readonly packages?: readonly string[];
    readonly repositories?: readonly string[];
    readonly keys?: readonly string[];
  };
  /**
   * `apko` (default) locks as that tool does: the world is solved, and the lock is solved again for the order. `kiln` solves
   * once, and refuses a set that does not hold together.
   */
  readonly dialect?: SolverDialect;
  /** Dialect `apko`: the guest of a `test` is solved once, from the world as it is written. Default `build`. */
  readonly purpose?: 'build' | 'test';
}

/** A package of a guest. */
export interface GuestPackage {
  readonly name: string;
  readonly version: string;
  /** `Q1…`, as the index has it. */
  readonly checksum: string;
  /** Of the whole file, as the index has it; 0: not said. */
  readonly sizeBytes: number;
  /** Address of the file, without credentials; an absolute path when the repository is a directory. */
  readonly url: string;
  /** Address or directory of the repository. */
  readonly repository: string;
  /** The repository's tag, or "". */
  readonly tag: string;
}

/** Public keys with the file names under which signatures name them. */
export type GuestKeys = readonly { readonly name: string; readonly pem: string }[];

/**
 * A guest in which nothing is left to choose: a value of plain data, without credentials, from which the same guest can be
 * made again without reading an index.
 */
export interface GuestLock {
  readonly dialect: SolverDialect;
  /** apk name. */
  readonly arch: string;
  /**
   * The environment with its packages as the complete list `name=version[@tag]`, sorted, and repositories and keys as sorted
   * sets: what a package records of its build.
   */
  readonly config: ImageConfig;
  /** What `etc/apk/world` lists. */
  readonly world: readonly string[];
  /** What `etc/apk/repositories` lists. */
  readonly repositories: readonly string[];
  readonly keys: GuestKeys;
  /** In the order of installation. */
  readonly packages: readonly GuestPackage[];
}

/**
 * The repositories to read for a request, in the order in which they count; credentials are still in them, and do not matter
 * for the order. Throws `GUEST_NO_REPOSITORY`.
 */
export function guestRepositories({ environment, appended }: GuestRequest): readonly string[] {
  const { buildRepositories, repositories } = environment.contents;
  const all = [...buildRepositories, ...repositories, ...(appended?.repositories ?? [])];
  if (all.length === 0) {
    throw new KilnError('GUEST_NO_REPOSITORY', 'must provide at least one repository', {
      hint: 'name one under environment.contents.repositories or with --repository-append (kiln package: --repository)',
    });
  }
  return sortedAddresses(all);
}

/** The keys to read for a request. */
export function guestKeys({ environment, appended }: GuestRequest): readonly string[] {
  return sortedAddresses([...environment.contents.keyring, ...(appended?.keys ?? [])]);
}

/** Each address once, sorted by what is left without credentials. */
function sortedAddresses(addresses: readonly string[]): readonly string[] {
  const byText = new Map(addresses.map((address) => [withoutUserInfo(address), address]));
  return sortUnique(byText.keys()).map((text) => byText.get(text) ?? text);
}

/**
 * Resolves a guest. The indexes are those of `guestRepositories`, in that order; their `repository` is an address without
 * credentials or an absolute directory. A function of its input alone. Throws `GUEST_UNSOLVED`, with the atoms that nothing
 * provides as detail `missing`.
 */
export function lockGuest(
  request: GuestRequest,
  indexes: readonly RepositoryIndex[],
  keys: GuestKeys,
): GuestLock {
  const { environment, dialect = 'apko', purpose = 'build' } = request;
  const appended = request.appended?.packages ?? [];
  const arch = architectureOf(request.arch);
  if (arch === undefined)
    throw new KilnError('GUEST_ARCHITECTURE', `no architecture: "${shorten(request.arch)}"`);
  const prepared = prepareIndexes(indexes, dialect);
  const asked = sortUnique([...environment.contents.packages, ...appended]);
  const first = solved(prepared, asked, 'no guest');
  if (dialect === 'apko' && purpose === 'build') requireAsked(environment, first);
  // apko forgets what the command line added where the environment itself names no package.
  const isEmpty = dialect === 'apko' && environment.contents.packages.length === 0;
  const pinning = dialect === 'apko' ? environment.contents.packages : asked;
  const lockedList = isEmpty
    ? []
    : lockedPackages(withPackages(environment, pinning), namesOf(first), dialect);
  const config = lockImageConfig(withAppended(request), arch.canonical, lockedList);
  const lock = { dialect, arch: arch.apk, config, repositories: repositoriesOf(config), keys };
  if (dialect === 'kiln' || purpose === 'test') {
    const world = dialect === 'kiln' ? config.contents.packages : asked;
    return { ...lock, world, packages: packagesOf(first, arch.apk) };
  }
  const world = sortUnique([...config.contents.packages, ...appended]);
  const second = solved(prepared, world, 'the lock of the guest does not resolve again');
  return { ...lock, world, packages: packagesOf(second, arch.apk) };
}

function solved(
  prepared: PreparedIndexes,
  world: readonly string[],
  what: string,
): readonly Solved[] {
  const solution = solve(prepared, world);
  if (solution.kind === 'solved') return solution.packages;
  throw new KilnError('GUEST_UNSOLVED', `${what}: ${chainText(solution.chain)}`, {
    hint: unsolvedHint(solution, prepared.dialect),
    details: { missing: solution.missing },
  });
}

/** To apko a lock needs every name that the environment asks for: a package may be there at a version that does not provide one. */
function requireAsked(environment: ImageConfig, packages: readonly Solved[]): void {
  const found = new Set(
    packages.flatMap(({ record: { name, provides } }) => [
      name,
      ...provides.map((text) => splitAtom(text, 'apko').name),
    ]),
  );
  const lost = askedNames(environment, 'apko').find((name) => !found.has(name));
  if (lost === undefined) return;
  throw new KilnError('GUEST_UNSOLVED', `no guest: no chosen package is or provides "${lost}"`, {
    hint: 'ask for versions that go together',
    details: { missing: [] },
  });
}

/** In one line: what leads to a reason is followed by it, reasons are set apart. */
function chainText(chain: readonly string[]): string {
  return chain
    .map((link) => link.trim())
    .reduce((text, link) => `${text}${text.endsWith(':') ? ' ' : '; '}${link}`);
}

function namesOf(packages: readonly Solved[]): { name: string; version: string }[] {
  return packages.map(({ record: { name, version } }) => ({ name, version }));
}

function packagesOf(packages: readonly Solved[], arch: string): GuestPackage[] {
  return packages.map(({ record, repository, tag }) => ({
    name: record.name,
    version: record.version,
    checksum: record.checksum,
    sizeBytes: record.sizeBytes,
    url: packageAddress(repository, arch, record),
    repository,
    tag,
  }));
}

function withPackages(config: ImageConfig, packages: readonly string[]): ImageConfig {
  return { ...config, contents: { ...config.contents, packages } };
}

/** The environment with what the command line adds to its lists, nothing secret left in them. */
function withAppended({ environment, appended }: GuestRequest): ImageConfig {
  const { contents } = environment;
  const changed: Contents = {
    ...contents,
    buildRepositories: redacted([...contents.buildRepositories, ...(appended?.repositories ?? [])]),
    repositories: redacted(contents.repositories),
    runtimeRepositories: redacted(contents.runtimeRepositories),
    keyring: redacted([...contents.keyring, ...(appended?.keys ?? [])]),
  };
  return { ...environment, contents: changed };
}

function redacted(addresses: readonly string[]): string[] {
  return addresses.map(withoutUserInfo);
}

function repositoriesOf({ contents }: ImageConfig): string[] {
  return sortUnique([...contents.buildRepositories, ...contents.repositories]);
}
