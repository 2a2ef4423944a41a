import { KilnError, compareBytes, type Position } from '@kiln/base';
import type { RequestedCheckout } from '@kiln/build';
import type { Address } from './address.ts';
import type { BareRepository } from './bare-repository.ts';
import { checkoutSelector, pickSelector, type Demand, type Selector } from './demand.ts';

/** Which ref each selector meant when the repository was last asked; `HEAD` is one with `HEAD` when it is detached. */
export type Meanings = Readonly<Record<string, string>>;

export interface MirrorRefs {
  /** Full names to objects, in byte order. */
  readonly refs: ReadonlyMap<string, string>;
  /** A ref, or an object for a detached HEAD. */
  readonly head: { readonly ref: string } | { readonly object: string };
  /** The commit that each checkout ends with, in order. */
  readonly commits: readonly string[];
}

/** What is wrong is a value: the repository may only have to be asked again. */
export type Resolution =
  | { readonly kind: 'resolved'; readonly mirror: MirrorRefs }
  | { readonly kind: 'wrong'; readonly error: KilnError };

export interface ResolveRequest {
  readonly repository: BareRepository;
  readonly address: Address;
  readonly demand: Demand;
  readonly meanings: Meanings;
}

/** The local ref under which a detached HEAD is kept. */
export const detachedHead = 'refs/kiln/head';

/** The ref under which a commit of a submodule is kept and shown. */
export function commitRef(commit: string): string {
  return `refs/heads/commit-${commit}`;
}

/** Finds every commit that is demanded and says which refs a mirror has, or what is wrong with the repository. */
export async function resolveDemand(request: ResolveRequest): Promise<Resolution> {
  const resolver = new Resolver(request);
  try {
    return { kind: 'resolved', mirror: await resolver.resolve() };
  } catch (error) {
    if (error instanceof Wrong) return { kind: 'wrong', error: error.error };
    throw error;
  }
}

/** Leaves the resolver; never seen outside. */
class Wrong extends Error {
  readonly error: KilnError;

  constructor(error: KilnError) {
    super(error.message);
    this.error = error;
  }
}

class Resolver {
  readonly #request: ResolveRequest;
  /** Tags, which are what they are. */
  readonly #fixed = new Map<string, string>();
  /** Commits that a branch has to have. */
  readonly #needed = new Map<string, Set<string>>();

  constructor(request: ResolveRequest) {
    this.#request = request;
  }

  async resolve(): Promise<MirrorRefs> {
    const { demand } = this.#request;
    const commits: string[] = [];
    for (const checkout of demand.checkouts) commits.push(await this.#checkout(checkout));
    for (const commit of demand.commits) await this.#commit(commit);
    const refs = new Map(this.#fixed);
    for (const [ref, needed] of this.#needed) refs.set(ref, await this.#endOf(ref, [...needed]));
    const head = this.#head(refs);
    refs.delete(detachedHead);
    return {
      refs: new Map([...refs].sort(([a], [b]) => compareBytes(a, b))),
      head,
      commits,
    };
  }

  async #checkout(checkout: RequestedCheckout): Promise<string> {
    const selector = checkoutSelector(checkout);
    const ref = this.#meaning(selector);
    const object = await this.#object(ref, selector);
    const tip = await this.#object(`${ref}^{commit}`, selector);
    const expected = checkout.commit === object ? tip : checkout.commit;
    await this.#expect(checkout, { expected, tip });
    if (ref.startsWith('refs/tags/')) this.#fixed.set(ref, object);
    else this.#need(ref, expected);
    for (const pick of checkout.cherryPicks) await this.#pick(checkout, pick);
    return expected;
  }

  async #expect(
    checkout: RequestedCheckout,
    { expected, tip }: { readonly expected: string; readonly tip: string },
  ): Promise<void> {
    if (expected === tip) return;
    const { tag, branch, mustBeTip, depth } = checkout;
    const what =
      tag === undefined ? (branch === undefined ? 'HEAD' : `branch ${branch}`) : `tag ${tag}`;
    if (tag !== undefined || mustBeTip)
      throw this.#mismatch(
        checkout,
        `${what} is commit ${tip}, not ${expected}`,
        'update expected-commit',
      );
    if (depth !== undefined)
      throw this.#mismatch(
        checkout,
        `${what} is commit ${tip}, not ${expected}`,
        'set depth to -1 to look for it in the history, or update expected-commit',
      );
    if (!(await this.#request.repository.contains(tip, expected)))
      throw this.#mismatch(
        checkout,
        `${what} (commit ${tip}) does not contain ${expected}`,
        'the branch may have diverged: update expected-commit',
      );
  }

  async #pick(
    checkout: RequestedCheckout,
    pick: RequestedCheckout['cherryPicks'][number],
  ): Promise<void> {
    if (pick.branch === undefined) return;
    const selector = { ...pickSelector(pick.branch), position: checkout.position };
    const ref = this.#meaning(selector);
    const tip = await this.#object(`${ref}^{commit}`, selector);
    if (ref.startsWith('refs/tags/')) {
      this.#fixed.set(ref, await this.#object(ref, selector));
    } else if (!/^[0-9a-f]{40}$/.test(pick.commit)) {
      // A shorter name is for the guest's git to look up.
      this.#need(ref, tip);
    } else if (await this.#request.repository.contains(tip, pick.commit)) {
      this.#need(ref, pick.commit);
    } else {
      throw this.#mismatch(
        checkout,
        `${pick.branch} (commit ${tip}) does not contain ${pick.commit}, which is to be picked from it`,
        'name the branch that the commit is on',
      );
    }
  }

  async #commit(commit: string): Promise<void> {
    const ref = commitRef(commit);
    if ((await this.#request.repository.resolve(`${commit}^{commit}`)) !== commit)
      throw this.#missing(`commit ${commit}`);
    this.#fixed.set(ref, commit);
  }

  /** Where a branch ends: at the commit that contains all that are needed, else where upstream has it. */
  async #endOf(ref: string, needed: readonly string[]): Promise<string> {
    if (needed.length === 1) return needed[0] ?? '';
    const last = await this.#request.repository.independent(needed);
    if (last.length === 1) return last[0] ?? '';
    return (await this.#request.repository.resolve(`${ref}^{commit}`)) ?? '';
  }

  #head(refs: ReadonlyMap<string, string>): MirrorRefs['head'] {
    const own = this.#request.meanings['HEAD'];
    const asked = this.#request.demand.checkouts.some(
      ({ tag, branch }) => tag === undefined && branch === undefined,
    );
    if (asked && own === detachedHead) return { object: refs.get(detachedHead) ?? '' };
    if (asked && own !== undefined) return { ref: own };
    const branch = [...refs.keys()].sort(compareBytes).find((ref) => ref.startsWith('refs/heads/'));
    return { ref: branch ?? 'refs/heads/main' };
  }

  #need(ref: string, commit: string): void {
    this.#needed.set(ref, (this.#needed.get(ref) ?? new Set()).add(commit));
  }

  #meaning(selector: Selector): string {
    const ref = this.#request.meanings[selector.key];
    if (ref === undefined) throw this.#missing(namedBy(selector), selector.position);
    return ref;
  }

  async #object(expression: string, selector: Selector): Promise<string> {
    const object = await this.#request.repository.resolve(expression);
    if (object === undefined) throw this.#missing(namedBy(selector), selector.position);
    return object;
  }

  #mismatch({ position }: RequestedCheckout, text: string, hint: string): Wrong {
    const { shown } = this.#request.address;
    return new Wrong(
      new KilnError('SOURCE_COMMIT_MISMATCH', `${shown}: ${text}`, { hint, position }),
    );
  }

  #missing(what: string, position?: Position): Wrong {
    return new Wrong(missingRef(this.#request.address, what, position));
  }
}

/** For messages. */
export function namedBy({ key }: Selector): string {
  return key.replace(/^pick:/, 'branch:').replace(':', ' ');
}

export function missingRef({ shown }: Address, what: string, position?: Position): KilnError {
  return new KilnError('SOURCE_REF_MISSING', `${shown} has no ${what}`, {
    hint: 'compare with what upstream has',
    position,
  });
}
