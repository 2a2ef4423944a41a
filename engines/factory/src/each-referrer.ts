import type { OciDigest } from '@kiln/base';
import type { RegistryManifest, RegistryState } from './registry-state.ts';

/** Each may have annotations of megabytes. */
const readAtOnce = 8;

/** Which manifests about a subject: all, or those of one type, and those that come after `last` ("" for the beginning). */
export interface ReferrersWanted {
  readonly repository: string;
  readonly subject: OciDigest;
  readonly artifactType?: string | undefined;
  readonly last?: string;
}

/** The manifests about a subject, by digest, of which few are in memory at a time. */
export async function* eachReferrer(
  state: Pick<RegistryState, 'referrers'>,
  { repository, subject, artifactType, last = '' }: ReferrersWanted,
): AsyncGenerator<RegistryManifest> {
  let before = last;
  for (;;) {
    const filter = { last: before, limit: readAtOnce, artifactType };
    const some = await state.referrers(repository, subject, filter);
    yield* some;
    const [end] = some.slice(-1);
    if (end === undefined || some.length < readAtOnce) return;
    before = end.digest;
  }
}
