import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  KilnError,
  sealText,
  systemClock,
  systemRandom,
  type Clock,
  type Random,
  unsealText,
} from '@kiln/base';
import type { Address } from './address.ts';
import { BareRepository, type RepositoryContext } from './bare-repository.ts';
import { depthOf, isRefName, selectorsOf, type Demand, type Selector } from './demand.ts';
import type { Git, GitResult } from './git-command.ts';
import type { GitLimits } from './limits.ts';
import { lockFile } from './lock.ts';
import {
  commitRef,
  detachedHead,
  missingRef,
  namedBy,
  resolveDemand,
  type Meanings,
  type MirrorRefs,
} from './resolve.ts';

export interface RepositoryCacheOptions {
  /** Absolute; several processes may share it. */
  readonly directory: string;
  readonly git: Git;
  readonly limits: GitLimits;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Found {
  readonly repository: BareRepository;
  readonly mirror: MirrorRefs;
  readonly from: 'cache' | 'url';
}

/** Packs that a repository may have before they become one. */
const packsMax = 24;

/**
 * Repositories by the digest of their address. `full.git` has the whole history of every ref that anybody asked for and only
 * grows; what is asked for with less history is a repository of its own for each set of refs, made anew when it has to be
 * fetched again. Beside each lies `meanings.json`: which refs the names meant. One process at a time works on an address,
 * under the lock of its `lock` file.
 */
export class RepositoryCache {
  readonly #options: RepositoryCacheOptions;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(options: RepositoryCacheOptions) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Hands what is demanded to `use`, under the lock. What is there by its commits is not fetched again.
   * Throws as `GitSources` does.
   */
  async with<T>(
    address: Address,
    demand: Demand,
    use: (found: Found) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const { directory, git, limits } = this.#options;
    const own = join(directory, directoryName(address.url));
    await mkdir(own, { recursive: true, mode: 0o700 });
    const lock = await lockFile(join(own, 'lock'), { waitMs: limits.lockMs, signal });
    try {
      const context = { git, lock: lock.descriptor, signal };
      const copy = new CachedCopy({
        address,
        demand,
        directory: own,
        context,
        random: this.#random,
      });
      const now = this.#clock.now() / 1000;
      await utimes(own, now, now);
      return await use(await copy.find());
    } finally {
      await lock.release();
    }
  }

  /** Removes what nobody asked for since `unusedMs`; for a time when nothing is fetched. */
  async forgetUnused(unusedMs: number): Promise<void> {
    const { directory } = this.#options;
    for (const name of await readdir(directory).catch(() => [])) {
      const { mtimeMs } = await stat(join(directory, name));
      if (mtimeMs < this.#clock.now() - unusedMs)
        await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}

/** The name of an address's directory. */
export function directoryName(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 32);
}

interface CopyOptions {
  readonly address: Address;
  readonly demand: Demand;
  readonly directory: string;
  readonly context: RepositoryContext;
  readonly random: Random;
}

/** One address, while its lock is held. */
class CachedCopy {
  readonly #options: CopyOptions;
  readonly #selectors: readonly Selector[];
  readonly #depth: number | undefined;

  constructor(options: CopyOptions) {
    this.#options = options;
    this.#selectors = selectorsOf(options.demand);
    this.#depth = depthOf(options.demand);
  }

  async find(): Promise<Found> {
    this.#checkNames();
    const path = join(this.#options.directory, this.#name());
    const cached = await this.#resolved(path, 'cache');
    if (cached.kind === 'found') return cached.found;
    const fetched = await this.#fetch(path);
    const found = await this.#resolved(fetched, 'url');
    if (found.kind === 'found') return found.found;
    throw found.error;
  }

  /** Names that git would read as something else are nobody's. */
  #checkNames(): void {
    for (const selector of this.#selectors) {
      if (selector.key !== 'HEAD' && !selector.candidates.every(isRefName))
        throw missingRef(this.#options.address, namedBy(selector), selector.position);
    }
  }

  #name(): string {
    if (this.#depth === undefined) return 'full.git';
    const { commits } = this.#options.demand;
    const what = JSON.stringify([this.#depth, this.#selectors.map(({ key }) => key), commits]);
    return `${createHash('sha256').update(what).digest('hex').slice(0, 16)}.git`;
  }

  async #resolved(
    path: string,
    from: Found['from'],
  ): Promise<{ kind: 'found'; found: Found } | { kind: 'wrong'; error: KilnError }> {
    const { address, demand, context } = this.#options;
    const repository = new BareRepository(path, context);
    const meanings = await readMeanings(path);
    const resolution = await resolveDemand({ repository, address, demand, meanings });
    return resolution.kind === 'wrong'
      ? resolution
      : { kind: 'found', found: { repository, mirror: resolution.mirror, from } };
  }

  /** Fetches what is demanded and says where it is. */
  async #fetch(path: string): Promise<string> {
    const meanings = await this.#askMeanings();
    if (this.#depth === undefined) return this.#fetchWhole(path, meanings);
    const fresh = `${path}.${this.#options.random.id()}.tmp`;
    try {
      const repository = new BareRepository(fresh, this.#options.context);
      await repository.init();
      const result = await this.#fetchInto(repository, this.#refspecs(meanings), this.#depth);
      if (result.kind === 'failed') {
        if (!this.#isRefused(result)) throw this.#failure(result);
        return await this.#fetchWhole(join(this.#options.directory, 'full.git'), meanings);
      }
      await writeMeanings(fresh, meanings);
      await rm(path, { recursive: true, force: true });
      await rename(fresh, path);
      return path;
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }

  async #fetchWhole(path: string, meanings: Meanings): Promise<string> {
    const repository = new BareRepository(path, this.#options.context);
    await repository.clearLeftovers();
    if (!(await repository.exists())) {
      await rm(path, { recursive: true, force: true });
      await repository.init();
    }
    let result = await this.#fetchInto(repository, this.#refspecs(meanings), undefined);
    if (this.#isRefused(result)) {
      const refs = this.#refspecs(meanings).filter((spec) => spec.startsWith('refs/'));
      result = await this.#fetchInto(repository, [...new Set([...refs, ...everything])], undefined);
    }
    if (result.kind === 'failed') throw this.#failure(result);
    const packs = (await repository.packs()).filter((name) => name.endsWith('.pack'));
    if (packs.length > packsMax) await repository.repack();
    await writeMeanings(path, { ...(await readMeanings(path)), ...meanings });
    return path;
  }

  /** Whether the server gives no commit by its name: then it is among everything that it has. */
  #isRefused(result: GitResult): boolean {
    return (
      result.kind === 'failed' &&
      this.#options.demand.commits.length > 0 &&
      refusesCommits.test(result.said)
    );
  }

  #fetchInto(
    repository: BareRepository,
    refspecs: readonly string[],
    depth: number | undefined,
  ): Promise<GitResult> {
    const { url, protocols } = this.#options.address;
    return repository.fetch({ url, protocols, refspecs, depth });
  }

  /** Asks the repository which refs are meant. */
  async #askMeanings(): Promise<Meanings> {
    if (this.#selectors.length === 0) return {};
    const { address, context } = this.#options;
    const wanted = [...new Set(this.#selectors.flatMap(({ candidates }) => candidates))];
    const result = await context.git.run(
      ['ls-remote', '--quiet', '--symref', '--', address.url, ...wanted],
      { protocols: address.protocols, lock: context.lock, signal: context.signal },
    );
    if (result.kind === 'failed') throw this.#failure(result);
    const listed = new Set(result.output.split('\n').map((line) => line.split('\t')[1] ?? ''));
    const symbolic = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(result.output)?.[1];
    const head = symbolic !== undefined && isRefName(symbolic) ? symbolic : detachedHead;
    return Object.fromEntries(
      this.#selectors.map((selector) => {
        const found = selector.candidates.find((ref) => listed.has(ref));
        if (found === undefined) throw missingRef(address, namedBy(selector), selector.position);
        return [selector.key, found === 'HEAD' ? head : found];
      }),
    );
  }

  #refspecs(meanings: Meanings): readonly string[] {
    const refs = new Set(Object.values(meanings));
    return [
      ...[...refs].map((ref) => (ref === detachedHead ? `HEAD:${ref}` : `${ref}:${ref}`)),
      ...this.#options.demand.commits.map((commit) => `${commit}:${commitRef(commit)}`),
    ];
  }

  #failure({ reason, said }: Extract<GitResult, { kind: 'failed' }>): KilnError {
    const { address } = this.#options;
    const gone = /couldn't find remote ref (\S+)/.exec(said)?.[1];
    if (gone !== undefined) return missingRef(address, gone);
    return new KilnError('SOURCE_UNAVAILABLE', `${address.shown}: ${reason.slice(0, 300)}`, {
      retry: 'later',
      hint: 'check the network and the address',
    });
  }
}

const everything = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];

/** How servers say that they give only what they advertise. */
const refusesCommits = /not our ref|unadvertised object|does not allow request/;

async function readMeanings(path: string): Promise<Meanings> {
  try {
    const text = unsealText(await readFile(join(path, 'meanings.json'), 'utf8'));
    return text === undefined ? {} : (JSON.parse(text) as Meanings);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

async function writeMeanings(path: string, meanings: Meanings): Promise<void> {
  const temporary = join(path, 'meanings.json.lock');
  await writeFile(temporary, sealText(JSON.stringify(meanings)));
  await rename(temporary, join(path, 'meanings.json'));
}
