import type { TagHistory } from './api/client.ts';

/** A change of a tag, and where the tag was before. */
export interface ComparedChange {
  /** Stays the same when newer changes come. */
  readonly key: string;
  readonly tag: string;
  readonly digest: string | null;
  readonly at: number;
  /** The digest before, which a deletion in between does not hide; null for the first, undefined where another page has it. */
  readonly previous: string | null | undefined;
}

/** Each change of a page with what was before it, in their order. */
export function comparedChanges({ events, next }: TagHistory): readonly ComparedChange[] {
  const last = new Map<string, string>();
  const known = new Map<string, number>();
  return events
    .toReversed()
    .map(({ tag, digest, at }) => {
      const previous = last.get(tag) ?? (next === null ? null : undefined);
      if (digest !== null) last.set(tag, digest);
      const name = `${tag} ${at} ${digest}`;
      const times = known.get(name) ?? 0;
      known.set(name, times + 1);
      return { key: `${name} ${times}`, tag, digest, at, previous };
    })
    .toReversed();
}
