import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  KilnError,
  compareBytes,
  systemClock,
  systemRandom,
  type Clock,
  type Position,
  type Random,
} from '@kiln/base';
import {
  placed,
  type GitFetchRequest,
  type GitMirrors,
  type GitSources,
  type RequestedCheckout,
} from '@kiln/build';
import { parseAddress, submoduleAddress, type Address, type AddressRules } from './address.ts';
import { checkOut, type CheckOutRequest } from './check-out.ts';
import type { Demand } from './demand.ts';
import { Git } from './git-command.ts';
import { defaultGitLimits, type GitLimits } from './limits.ts';
import { writeMirror } from './mirror.ts';
import { RepositoryCache, directoryName, type Found } from './repository-cache.ts';
import { submodulesOf } from './submodules.ts';

export interface CachedGitSourcesOptions {
  /** Absolute, on one file system; for this user alone. Several processes may share it. */
  readonly directory: string;
  /** Host directories below which repositories may be read by `file:` addresses; none by default. */
  readonly localDirectories?: readonly string[];
  readonly limits?: Partial<GitLimits>;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** No build takes that long. */
const abandonedAfterMs = 3 * 24 * 3_600_000;
const forgottenAfterMs = 60 * 24 * 3_600_000;

/**
 * Repositories from a cache of bare ones, into which they are fetched with the host's git: see `GitSources` for what comes
 * out. A server is hostile: what it sends is bounded in size and time, nothing of it is checked out or run here, it cannot
 * send git elsewhere than to HTTP(S) addresses, and of its lists of submodules only addresses and commits are taken.
 * What is expected and in the cache is not asked for again.
 *
 *     git/                git's own configuration
 *     repositories/ID/    a repository by its address, see `RepositoryCache`
 *     mirrors/ID/         those of one build while it runs
 */
export class CachedGitSources implements GitSources {
  readonly #directory: string;
  readonly #rules: AddressRules;
  readonly #limits: GitLimits;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #cache: RepositoryCache;
  readonly #git: Git;

  private constructor(options: CachedGitSourcesOptions, git: Git, limits: GitLimits) {
    this.#directory = options.directory;
    this.#rules = { localDirectories: options.localDirectories ?? [] };
    this.#limits = limits;
    this.#git = git;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
    this.#cache = new RepositoryCache({
      ...options,
      directory: join(options.directory, 'repositories'),
      git,
      limits,
    });
  }

  /** Removes what builds that were killed left long ago, and repositories that nobody asked for in two months. */
  static async open(options: CachedGitSourcesOptions): Promise<CachedGitSources> {
    const limits = { ...defaultGitLimits, ...options.limits };
    await mkdir(join(options.directory, 'mirrors'), { recursive: true, mode: 0o700 });
    const git = await Git.open(join(options.directory, 'git'), limits);
    const sources = new CachedGitSources(options, git, limits);
    await sources.sweep(abandonedAfterMs);
    await sources.#cache.forgetUnused(forgottenAfterMs);
    return sources;
  }

  /** Removes the mirrors of builds that are older; 0 for the only process of a directory, before it fetches. */
  async sweep(abandonedMs: number): Promise<void> {
    const mirrors = join(this.#directory, 'mirrors');
    for (const name of await readdir(mirrors)) {
      const { mtimeMs } = await stat(join(mirrors, name));
      if (mtimeMs <= this.#clock.now() - abandonedMs)
        await rm(join(mirrors, name), { recursive: true, force: true });
    }
  }

  /** Fetches one checkout and lays its files into a directory. Throws as `fetch` and `checkOut`. */
  async checkOut(request: CheckOutRequest & Pick<GitFetchRequest, 'onLog'>): Promise<void> {
    const { checkout, onLog, signal } = request;
    const mirrors = await this.fetch({
      checkouts: [checkout],
      onLog,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      await checkOut(this.#git, mirrors, request);
    } finally {
      await mirrors.remove();
    }
  }

  async fetch(request: GitFetchRequest): Promise<GitMirrors> {
    const hostPath = join(this.#directory, 'mirrors', this.#random.id());
    const remove = (): Promise<void> => rm(hostPath, { recursive: true, force: true });
    await mkdir(hostPath, { mode: 0o755 });
    try {
      const wanted = new WantedRepositories(request.checkouts, this.#rules, this.#limits);
      for (let next = wanted.next(); next !== undefined; next = wanted.next()) {
        const { address, demand } = next;
        const directory = join(hostPath, mirrorName(address.url));
        const use = async (found: Found): Promise<void> => {
          request.onLog(`${address.shown} (from ${found.from === 'cache' ? 'store' : 'url'})`);
          await writeMirror(found.repository, found.mirror, directory);
          await wanted.addSubmodules(address, found);
        };
        try {
          await this.#cache.with(address, demand, use, request.signal);
        } catch (error) {
          throw placedAt(error, next.position);
        }
      }
      const repositories = wanted.urls().map((url) => ({ url, name: mirrorName(url) }));
      return { hostPath, repositories, remove };
    } catch (error) {
      await remove();
      throw error;
    }
  }
}

function mirrorName(url: string): string {
  return `${directoryName(url)}.git`;
}

function placedAt(error: unknown, position: Position | undefined): unknown {
  return position === undefined ? error : placed(error, position);
}

interface Wanted {
  readonly address: Address;
  readonly checkouts: readonly RequestedCheckout[];
  /** The first step that wants it, or what contains it. */
  readonly position: Position | undefined;
  /** Commits of submodules, and how deep they are. */
  readonly commits: Map<string, number>;
  /** How many commits there were when it was last fetched. */
  fetched: number | undefined;
}

/** The repositories of a build; those of submodules become known when what contains them is there. */
class WantedRepositories {
  readonly #rules: AddressRules;
  readonly #limits: GitLimits;
  readonly #byUrl = new Map<string, Wanted>();
  #commits = 0;

  constructor(checkouts: readonly RequestedCheckout[], rules: AddressRules, limits: GitLimits) {
    this.#rules = rules;
    this.#limits = limits;
    for (const { repository, position } of checkouts) {
      try {
        this.#want(
          parseAddress(repository, rules),
          checkouts.filter((one) => one.repository === repository),
          position,
        );
      } catch (error) {
        throw placedAt(error, position);
      }
    }
  }

  /** In byte order. */
  urls(): readonly string[] {
    return [...this.#byUrl.keys()].sort(compareBytes);
  }

  /** One that is not fetched yet, or for which more is wanted by now. */
  next():
    | {
        readonly address: Address;
        readonly demand: Demand;
        readonly position: Position | undefined;
      }
    | undefined {
    const found = [...this.#byUrl.values()].find(
      ({ fetched, commits }) => fetched !== commits.size,
    );
    if (found === undefined) return undefined;
    const { address, checkouts, commits, position } = found;
    found.fetched = commits.size;
    const demand = { checkouts, commits: [...commits.keys()].sort(compareBytes) };
    return { address, demand, position };
  }

  /** Wants what the commits that are checked out from a repository refer to. */
  async addSubmodules(address: Address, { repository, mirror }: Found): Promise<void> {
    const wanted = this.#byUrl.get(address.url);
    if (wanted === undefined) return;
    const { position } = wanted;
    const parents = new Map(wanted.commits);
    wanted.checkouts.forEach(({ submodules }, index) => {
      const commit = mirror.commits[index];
      if (submodules && commit !== undefined) parents.set(commit, 0);
    });
    for (const [commit, depth] of parents) {
      for (const submodule of await submodulesOf(repository, commit)) {
        const url = submoduleAddress(address.url, submodule.url);
        const contained = this.#submodule(address, url);
        this.#wantCommit(contained, { commit: submodule.commit, depth: depth + 1, position });
      }
    }
  }

  /** What a repository of a server names is on a server. */
  #submodule(parent: Address, url: string): Address {
    const localDirectories = parent.local ? this.#rules.localDirectories : [];
    return parseAddress(url, { localDirectories });
  }

  #wantCommit(
    address: Address,
    { commit, depth, position }: { commit: string; depth: number; position: Position | undefined },
  ): void {
    if (depth > this.#limits.submoduleDepthMax)
      throw tooLarge(address, `submodules are more than ${this.#limits.submoduleDepthMax} deep`);
    const { commits } = this.#want(address, [], position);
    if (commits.has(commit)) return;
    const { commitsMax } = this.#limits;
    this.#commits += 1;
    if (this.#commits > commitsMax)
      throw tooLarge(address, `there are more than ${commitsMax} submodules`);
    commits.set(commit, depth);
  }

  #want(
    address: Address,
    checkouts: readonly RequestedCheckout[],
    position: Position | undefined,
  ): Wanted {
    const known = this.#byUrl.get(address.url);
    if (known !== undefined) return known;
    const { repositoriesMax } = this.#limits;
    if (this.#byUrl.size >= repositoriesMax)
      throw tooLarge(address, `there are more than ${repositoriesMax} repositories`);
    const wanted: Wanted = { address, checkouts, position, commits: new Map(), fetched: undefined };
    this.#byUrl.set(address.url, wanted);
    return wanted;
  }
}

function tooLarge({ shown }: Address, text: string): KilnError {
  return new KilnError('SOURCE_TOO_LARGE', `${shown}: ${text}`, {
    hint: 'check out what is needed alone, with steps of its own',
  });
}
