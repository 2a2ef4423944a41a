import type { Digest, Sha512Digest } from '@kiln/base';
import { tagTargetUnknown } from './registry-errors.ts';
import type { Publication, TagExpectation } from './registry-state.ts';

/** What a registry shows before publications, as far as they ask. */
export interface ShownBefore {
  hasManifest(repository: string, digest: Digest): boolean;
  tag(repository: string, tag: string): Digest | undefined;
}

/** One tag that gets another digest. */
export interface PlannedMove {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  /** As in the `TagMove`. */
  readonly sha512: Sha512Digest | undefined;
}

export interface PublicationPlan {
  /** For each publication whether its tags are where it expects them. */
  readonly published: readonly boolean[];
  /** The tags that move, in the order of their events. */
  readonly moves: readonly PlannedMove[];
}

/**
 * What publications made one after another come to: each sees those before it, and one whose tags are not where it expects
 * them changes nothing. Throws `REGISTRY_TAG_TARGET_UNKNOWN`, before anything is changed.
 */
export function planPublications(
  publications: readonly Publication[],
  before: ShownBefore,
): PublicationPlan {
  const shown = new Set<string>();
  const tags = new Map<string, Digest>();
  const moves: PlannedMove[] = [];
  const published = publications.map(({ repository, manifests, tags: wanted }) => {
    const own = new Set(manifests.map(({ digest }) => digest));
    const moved = new Map<string, Digest>();
    const ownMoves: PlannedMove[] = [];
    for (const { tag, digest, sha512, expected } of wanted) {
      const known =
        own.has(digest) ||
        shown.has(`${repository} ${digest}`) ||
        before.hasManifest(repository, digest);
      if (!known) throw tagTargetUnknown(repository, tag, digest);
      const current =
        moved.get(tag) ?? tags.get(`${repository} ${tag}`) ?? before.tag(repository, tag);
      if (!isExpected(current, expected)) return false;
      if (current !== digest) ownMoves.push({ repository, tag, digest, sha512 });
      moved.set(tag, digest);
    }
    for (const digest of own) shown.add(`${repository} ${digest}`);
    for (const [tag, digest] of moved) tags.set(`${repository} ${tag}`, digest);
    moves.push(...ownMoves);
    return true;
  });
  return { published, moves };
}

function isExpected(current: Digest | undefined, expected: TagExpectation): boolean {
  if (expected === 'any') return true;
  return expected === 'absent' ? current === undefined : current === expected;
}
