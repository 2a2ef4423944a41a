import type { Digest } from '@kiln/base';
import { KilnError } from '@kiln/base';

/** `REGISTRY_TAG_TARGET_UNKNOWN`: a tag may only point at a manifest of its repository. */
export function tagTargetUnknown(repository: string, tag: string, digest: Digest): KilnError {
  return new KilnError(
    'REGISTRY_TAG_TARGET_UNKNOWN',
    `tag ${tag} of ${repository} would point at ${digest}, which is no manifest there`,
    {
      hint: 'push the manifest first',
      details: { repository, tag, digest },
    },
  );
}

/** `REGISTRY_CONTENT_UNKNOWN`: what a manifest holds has to be shown by its repository. */
export function contentUnknown(repository: string, digest: Digest): KilnError {
  return new KilnError('REGISTRY_CONTENT_UNKNOWN', `${digest} is not known in ${repository}`, {
    hint: 'push it first, and then what lists it',
    retry: 'later',
    details: { repository, digest },
  });
}
