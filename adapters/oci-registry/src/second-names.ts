import { createHash } from 'node:crypto';
import type { Digest, OciDigest, Sha512Digest } from '@kiln/base';
import { isSha512Digest } from '@kiln/base';
import type { RegistryState } from '@kiln/factory';
import { RegistryRefusal } from './refusal.ts';

/*
 * Content is stored under its SHA-256 and hashed by nothing else, unless it is pushed under its SHA-512: then that is
 * checked too, and is a second name of it in that repository.
 */

/** The name in the form in which state takes it: undefined for a SHA-256, which needs no second. */
export function secondName(name: OciDigest): Sha512Digest | undefined {
  return isSha512Digest(name) ? name : undefined;
}

/** The digests of what a repository shows under these names. Those it knows nothing under are absent. */
export async function digestsNamed(
  state: RegistryState,
  repository: string,
  names: readonly OciDigest[],
): Promise<ReadonlyMap<OciDigest, Digest>> {
  const found = new Map<OciDigest, Digest>();
  const others: Sha512Digest[] = [];
  for (const name of names)
    if (isSha512Digest(name)) others.push(name);
    else found.set(name, name);
  if (others.length > 0)
    for (const [name, digest] of await state.named(repository, others)) found.set(name, digest);
  return found;
}

/** `digestsNamed` of a single name. */
export async function digestNamed(
  state: RegistryState,
  repository: string,
  name: OciDigest,
): Promise<Digest | undefined> {
  return (await digestsNamed(state, repository, [name])).get(name);
}

/** Passes a stream on, and throws a refusal `DIGEST_INVALID` at its end when that is not its SHA-512. */
export async function* withSha512(
  source: AsyncIterable<Uint8Array>,
  expected: Sha512Digest,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha512');
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  requireName(expected, `sha512:${hash.digest('hex')}`);
}

/** Throws a refusal `DIGEST_INVALID` when content has another name than it was pushed under. */
export function requireName(expected: OciDigest, actual: OciDigest): void {
  if (actual === expected) return;
  throw new RegistryRefusal('DIGEST_INVALID', `content has digest ${actual}, expected ${expected}`);
}
