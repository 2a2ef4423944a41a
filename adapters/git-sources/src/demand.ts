import type { Position } from '@kiln/base';
import type { RequestedCheckout } from '@kiln/build';

/** What a build wants of one repository. */
export interface Demand {
  readonly checkouts: readonly RequestedCheckout[];
  /** Commits of submodules, each with the files alone. */
  readonly commits: readonly string[];
}

/**
 * A way to say which ref is meant, and the refs it may be, the first that is there first: `tag:v1`, `branch:main`,
 * `pick:pull/1/head`, `HEAD`.
 */
export interface Selector {
  readonly key: string;
  readonly candidates: readonly string[];
  /** Of a step that says it. */
  readonly position?: Position | undefined;
}

export const headSelector: Selector = { key: 'HEAD', candidates: ['HEAD'] };

/** As `git clone --branch` looks a name up. */
export function branchSelector(name: string): Selector {
  return { key: `branch:${name}`, candidates: [`refs/heads/${name}`, `refs/tags/${name}`] };
}

export function tagSelector(name: string): Selector {
  return { key: `tag:${name}`, candidates: [`refs/tags/${name}`] };
}

/** As `git fetch` looks a name up (gitrevisions(7)). */
export function pickSelector(name: string): Selector {
  const full = name.startsWith('refs/') ? [name] : [];
  return {
    key: `pick:${name}`,
    candidates: [...full, `refs/${name}`, `refs/tags/${name}`, `refs/heads/${name}`],
  };
}

export function checkoutSelector({ tag, branch, position }: RequestedCheckout): Selector {
  if (tag !== undefined) return { ...tagSelector(tag), position };
  return { ...(branch === undefined ? headSelector : branchSelector(branch)), position };
}

/** Every selector of a demand, each once, in byte order of their keys. */
export function selectorsOf({ checkouts }: Demand): readonly Selector[] {
  const all = checkouts.flatMap((checkout) => [
    checkoutSelector(checkout),
    ...checkout.cherryPicks.flatMap(({ branch }) =>
      branch === undefined ? [] : [{ ...pickSelector(branch), position: checkout.position }],
    ),
  ]);
  return [...new Map(all.map((one) => [one.key, one])).values()].sort((a, b) =>
    a.key < b.key ? -1 : 1,
  );
}

/** How much history is wanted; undefined: all of it. A cherry-pick from a branch needs that of the checkout as well. */
export function depthOf({ checkouts }: Demand): number | undefined {
  let depth = 1;
  for (const checkout of checkouts) {
    const whole =
      checkout.depth === undefined ||
      checkout.cherryPicks.some(({ branch }) => branch !== undefined);
    if (whole) return undefined;
    depth = Math.max(depth, checkout.depth ?? 1);
  }
  return depth;
}

/** Whether git takes it for the name of a ref (git-check-ref-format(1)). */
export function isRefName(name: string): boolean {
  const parts = name.split('/');
  return (
    name !== '' &&
    name.length <= 1024 &&
    name !== '@' &&
    !/[\p{Cc} ~^:?*[\\]|\.\.|@\{/u.test(name) &&
    parts.every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock')) &&
    !name.endsWith('.') &&
    !name.startsWith('-')
  );
}
