import type { TagHistory } from './api/client.ts';

/**
 * Where a tag was before a change; that it was deleted in between does not count. earlier: that is among the changes before one that the
 * history has by this number.
 */
export type Previous =
  | { readonly kind: 'first' }
  | { readonly kind: 'at'; readonly digest: string }
  | { readonly kind: 'earlier'; readonly before: number };

/** A change of a tag, and where the tag was before. */
export interface ComparedChange {
  /** Stays the same when newer changes come. */
  readonly key: string;
  readonly tag: string;
  readonly digest: string | null;
  readonly at: number;
  readonly previous: Previous;
}

/** Each change of a page with what was before it, in their order. */
export function comparedChanges({ events, next }: TagHistory): readonly ComparedChange[] {
  const last = new Map<string, Previous>();
  const known = new Map<string, number>();
  const unknown: Previous = next === null ? { kind: 'first' } : { kind: 'earlier', before: next };
  return events
    .toReversed()
    .map(({ tag, digest, at }) => {
      const previous = last.get(tag) ?? unknown;
      if (digest !== null) last.set(tag, { kind: 'at', digest });
      const name = `${tag} ${at} ${digest}`;
      const times = known.get(name) ?? 0;
      known.set(name, times + 1);
      return { key: `${name} ${times}`, tag, digest, at, previous };
    })
    .toReversed();
}
