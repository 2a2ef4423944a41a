import path from 'node:path';
import { UnpackedPackages } from '@kiln/apk-cache';
import { ApkClient } from '@kiln/apk-client';
import type { ApkClientOptions } from '@kiln/apk-client';
import {
  environmentTree,
  openAs,
  openNamed,
  parseGroup,
  parsePasswd,
  treeMembers,
} from '@kiln/assemble';
import type { GroupEntry, PackageContents, PasswdEntry, TreeMember } from '@kiln/assemble';
import { KilnError, digestOf, digestOfValue, mapBounded, systemClock } from '@kiln/base';
import type { Digest } from '@kiln/base';
import { architectureOf } from '@kiln/image-config';
import { EnvironmentStore, readRootFile } from '@kiln/sandbox-bwrap';
import { guestKeys, guestRepositories, lockGuest } from '@kiln/solve';
import type { GuestLock, GuestPackage, GuestRequest, RepositoryIndex } from '@kiln/solve';
import { onceADay } from './once-a-day.ts';

export interface LocalGuestsOptions extends Omit<ApkClientOptions, 'cacheDirectory'> {
  /** Indexes, keys and packages (`--apk-cache-dir`). Made when absent; removing it while nothing runs is always safe. */
  readonly cacheDirectory: string;
  /** Root file systems. Absolute; made when absent, readable by this user alone. */
  readonly environmentsDirectory: string;
  /** Trusts the keys too that repositories are said to have, as melange does; default: no. */
  readonly discoversKeys?: boolean;
}

/** A guest that was resolved, and what it was resolved from. */
export interface ResolvedGuest {
  readonly lock: GuestLock;
  /** What there was to choose from: who generates dependencies looks for providers here. */
  readonly indexes: readonly RepositoryIndex[];
  /** Directories given as repositories that have no index for this architecture yet: worth a warning. */
  readonly missing: readonly string[];
}

/** A guest on disk. */
export interface Guest {
  /** What names it: the same lock has the same. */
  readonly id: Digest;
  /** Its root file system; nobody may write there. */
  readonly root: string;
  /** Of its `/etc/passwd` and `/etc/group`. */
  readonly users: readonly PasswdEntry[];
  readonly groups: readonly GroupEntry[];
}

/** Packages that are fetched and unpacked at once. */
const parallelMax = 6;
const unusedAfterMs = 30 * 24 * 60 * 60 * 1000;

/**
 * Guests for builds without a factory, from any mix of repositories: resolved to a lock, and made from a lock. A lock whose
 * guest is on disk costs no download and reads no index. Several processes may share the directories.
 */
export class LocalGuests {
  readonly #client: ApkClient;
  readonly #environments: EnvironmentStore;
  readonly #environmentsDirectory: string;
  readonly #discoversKeys: boolean;

  /** Throws `APK_CLIENT_AUTH_INVALID`. */
  constructor(options: LocalGuestsOptions) {
    this.#client = new ApkClient(options);
    this.#environments = new EnvironmentStore({ directory: options.environmentsDirectory });
    this.#environmentsDirectory = options.environmentsDirectory;
    this.#discoversKeys = options.discoversKeys ?? false;
  }

  /**
   * Reads keys and indexes and resolves a guest. Throws `GUEST_…`, `APK_CLIENT_…`, and `APK_INDEX_…` for an index that is
   * not to be believed.
   */
  async resolve(request: GuestRequest, signal?: AbortSignal): Promise<ResolvedGuest> {
    const repositories = guestRepositories(request);
    const arch = architectureOf(request.arch)?.apk ?? request.arch;
    const own = await this.#client.keys(guestKeys(request), signal);
    const asked = this.#discoversKeys ? repositories : [];
    const keys = await this.#client.withDiscovered(own, asked, { arch, signal });
    const { indexes, missing } = await this.#client.indexes(repositories, { arch, keys, signal });
    try {
      return { lock: lockGuest(request, indexes, keys), indexes, missing };
    } catch (error) {
      throw missing.length === 0 ? error : withMissing(error, missing);
    }
  }

  /**
   * The guest of a lock, made when it is not on disk: packages are fetched, checked and unpacked, and installed in the
   * order of the lock. `repositories` give the credentials for a lock that was not resolved here. Throws `APK_…` for
   * packages that are not what the lock says, `ASSEMBLE_…` and `TREE_…` for such as do not go together, and the signal's
   * reason; nothing is kept of the guest then.
   */
  async make(
    lock: GuestLock,
    options: { readonly signal?: AbortSignal; readonly repositories?: readonly string[] } = {},
  ): Promise<Guest> {
    this.#client.useCredentialsOf(options.repositories ?? []);
    const id = guestId(lock);
    const root = await this.#environments.ensure(id, () => this.#members(lock, options.signal));
    await this.#forgetOnceADay();
    const text = async (file: string): Promise<string> =>
      Buffer.from((await readRootFile(root, file)) ?? []).toString('utf8');
    const users = parsePasswd(await text('etc/passwd'));
    const groups = parseGroup(await text('etc/group'));
    return { id, root, users, groups };
  }

  /** The bytes of a package of an index that was resolved from, checked against it. Throws as `ApkClient.obtain`. */
  async readPackage(
    wanted: GuestPackage,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    return this.#client.read(await this.#client.obtain(wanted, signal));
  }

  async #forgetOnceADay(): Promise<void> {
    const nowMs = systemClock.now();
    await onceADay(this.#environmentsDirectory, nowMs, () => this.forgetUnused(nowMs));
  }

  /** Removes guests and packages that were not used for 30 days, and what crashes left behind. `make` does it once a day. */
  async forgetUnused(nowMs: number = systemClock.now()): Promise<void> {
    await this.#environments.sweep();
    for (const { key, usedAtMs } of await this.#environments.list())
      if (usedAtMs < nowMs - unusedAfterMs) await this.#environments.remove(key);
    await this.#opener('apko').forgetUnused(nowMs - unusedAfterMs);
  }

  async *#members(lock: GuestLock, signal: AbortSignal | undefined): AsyncGenerator<TreeMember> {
    const packages = await this.#open(lock, signal);
    const { dialect, config, arch, world, repositories, keys } = lock;
    const tree = await environmentTree({
      packages,
      dialect,
      config,
      arch,
      world,
      repositories,
      keys,
    });
    for await (const member of treeMembers(tree)) {
      signal?.throwIfAborted();
      yield member;
    }
  }

  #opener(dialect: 'apko' | 'plain'): UnpackedPackages {
    return new UnpackedPackages({
      // In the same file system, so that environments link to their files.
      directory: path.join(this.#environmentsDirectory, 'packages'),
      files: this.#client,
      dialect,
    });
  }

  #open(lock: GuestLock, signal: AbortSignal | undefined): Promise<PackageContents[]> {
    const opener = this.#opener(lock.dialect === 'apko' ? 'apko' : 'plain');
    const open = lock.dialect === 'apko' ? openAs : openNamed;
    return mapBounded(
      lock.packages,
      parallelMax,
      (wanted, stop) => this.#client.use(wanted, (apk) => open(opener, wanted, apk), stop),
      signal,
    );
  }
}

/** Everything that the root file system is a function of. */
function guestId({
  dialect,
  arch,
  config,
  world,
  repositories,
  keys,
  packages,
}: GuestLock): Digest {
  return digestOfValue({
    guest: 1,
    dialect,
    arch,
    accounts: config.accounts,
    paths: config.paths,
    certificates: config.certificates,
    runtimeKeyring: config.contents.runtimeKeyring,
    services: config.entrypoint.services,
    world,
    repositories,
    keys: keys.map(({ name, pem }) => [name, digestOf(pem)]),
    packages: packages.map(({ name, version, checksum }) => [name, version, checksum]),
  });
}

function withMissing(error: unknown, missing: readonly string[]): unknown {
  if (!(error instanceof KilnError) || error.code !== 'GUEST_UNSOLVED') return error;
  return new KilnError(error.code, error.message, {
    hint: `${error.hint ?? ''}; there is no index in ${missing.join(', ')} yet`,
    details: error.details,
  });
}
