import type { Digest } from '@kiln/base';

/** A manifest as retention sees it. */
export interface HeldManifest {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly subject: Digest | undefined;
  /** Config, layers and members; undefined when nobody looked yet. */
  readonly holds: readonly Digest[] | undefined;
  /** When it was pushed, or asked for by whoever pushes, last; milliseconds since 1970. */
  readonly pushedAt: number;
}

/** A blob that a repository shows. */
export interface HeldBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly linkedAt: number;
}

/** Where a tag points, or pointed. */
export interface TaggedDigest {
  readonly tag: string;
  readonly digest: Digest;
}

/** Everything that one repository shows. */
export interface RepositoryContents {
  readonly manifests: readonly HeldManifest[];
  readonly blobs: readonly HeldBlob[];
  readonly tags: readonly TaggedDigest[];
  /** Every digest that a tag ever pointed at, by the tag. */
  readonly history: readonly TaggedDigest[];
}

/** Why something is kept. */
export type Reason =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'history'; readonly tag: string }
  /** It was used a short time ago. */
  | { readonly kind: 'recent'; readonly at: number }
  /** That manifest lists it. */
  | { readonly kind: 'held'; readonly by: Digest }
  /** It says something of that manifest. */
  | { readonly kind: 'about'; readonly subject: Digest }
  /** What a manifest of the repository lists is not known, so nothing of the repository is forgotten. */
  | { readonly kind: 'unread'; readonly manifest: Digest };

/** Instants; what was used before them is old. */
export interface Ages {
  readonly untaggedSince: number;
  readonly blobsSince: number;
}

/**
 * What of a repository stays, and why. Tags and their history keep what they name; a manifest keeps what it lists and
 * what says something of it; what was used lately stays in any case. Everything else may go.
 */
export function keptContents(
  contents: RepositoryContents,
  ages: Ages,
): ReadonlyMap<Digest, Reason> {
  const unread = contents.manifests.find((one) => one.holds === undefined);
  if (unread !== undefined) {
    const reason: Reason = { kind: 'unread', manifest: unread.digest };
    return new Map(
      [...contents.manifests, ...contents.blobs].map((one) => [one.digest, reason] as const),
    );
  }
  const walk = new Walk(contents.manifests);
  for (const { tag, digest } of contents.tags) walk.keep(digest, { kind: 'tag', tag });
  // What a person deleted is in the history and keeps nothing.
  const shown = new Set(contents.manifests.map((one) => one.digest));
  for (const { tag, digest } of contents.history)
    if (shown.has(digest)) walk.keep(digest, { kind: 'history', tag });
  for (const { digest, pushedAt } of contents.manifests)
    if (pushedAt >= ages.untaggedSince) walk.keep(digest, { kind: 'recent', at: pushedAt });
  for (const { digest, linkedAt } of contents.blobs)
    if (linkedAt >= ages.blobsSince) walk.keep(digest, { kind: 'recent', at: linkedAt });
  return walk.reasons;
}

class Walk {
  readonly reasons = new Map<Digest, Reason>();
  readonly #manifests: ReadonlyMap<Digest, HeldManifest>;
  readonly #about: ReadonlyMap<Digest | undefined, readonly HeldManifest[]>;

  constructor(manifests: readonly HeldManifest[]) {
    this.#manifests = new Map(manifests.map((one) => [one.digest, one]));
    this.#about = Map.groupBy(manifests, (one) => one.subject);
  }

  /** Keeps this and everything that comes with it; the first reason stands. */
  keep(digest: Digest, reason: Reason): void {
    const todo: (readonly [Digest, Reason])[] = [[digest, reason]];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const [at, why] = next;
      if (this.reasons.has(at)) continue;
      this.reasons.set(at, why);
      for (const held of this.#manifests.get(at)?.holds ?? [])
        todo.push([held, { kind: 'held', by: at }]);
      for (const one of this.#about.get(at) ?? [])
        todo.push([one.digest, { kind: 'about', subject: at }]);
    }
  }
}
