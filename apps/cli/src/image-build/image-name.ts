import { parseReference } from '@kiln/oci';
import type { Reference } from '@kiln/oci';

const dockerHub = 'index.docker.io';

/**
 * Reads the name of an image as docker's users write it: without a registry it is Docker Hub's, there without a folder
 * `library`, and without a tag `latest`. Throws `OCI_REFERENCE_INVALID`.
 */
export function parseImageName(text: string): Reference {
  const { registry, repository, tag, digest } = parseReference(text);
  const isHub = registry === '' || registry === 'docker.io' || registry === dockerHub;
  return {
    registry: isHub ? dockerHub : registry,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

/** The last component of the repository's name. */
export function baseNameOf({ repository }: Reference): string {
  return repository.slice(repository.lastIndexOf('/') + 1);
}
