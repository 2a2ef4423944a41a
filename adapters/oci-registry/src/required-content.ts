import type { Digest } from '@kiln/base';
import type { RegistryState } from '@kiln/factory';
import type { PushedManifest } from './manifest-document.ts';
import { RegistryRefusal } from './refusal.ts';
import { digestsNamed } from './second-names.ts';

/**
 * Everything but the subject has to be in the repository, in the size that the descriptor says. Returns what is; whether
 * it still is when the manifest is shown, the publication looks again.
 */
export async function requireReferences(
  state: RegistryState,
  repository: string,
  document: PushedManifest,
): Promise<readonly Digest[]> {
  const references = [...document.blobs, ...document.members];
  const digests = await digestsNamed(
    state,
    repository,
    references.map((each) => each.digest),
  );
  const manifests = await state.manifestSizes(repository, digestsOf(document.members, digests));
  const others = digestsOf(references, digests).filter((digest) => !manifests.has(digest));
  const blobs = await state.blobs(repository, others);
  const held = new Set<Digest>();
  for (const each of references) {
    const digest = digests.get(each.digest);
    const found = digest && (manifests.get(digest) ?? blobs.get(digest));
    if (digest === undefined || found === undefined) {
      if (each.optional) continue;
      throw new RegistryRefusal(
        'MANIFEST_BLOB_UNKNOWN',
        `${each.digest} is not known in ${repository}`,
      );
    }
    if (found !== each.sizeBytes) {
      throw new RegistryRefusal(
        'MANIFEST_INVALID',
        `manifest invalid: ${each.digest} has ${found} bytes, the descriptor says ${each.sizeBytes}`,
      );
    }
    held.add(digest);
  }
  return [...held];
}

/** Of what is known, each once. */
function digestsOf(
  references: PushedManifest['blobs'],
  digests: Awaited<ReturnType<typeof digestsNamed>>,
): readonly Digest[] {
  return [...new Set(references.flatMap((each) => digests.get(each.digest) ?? []))];
}
