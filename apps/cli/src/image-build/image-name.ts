import { KilnError, shorten } from '@kiln/base';
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

/**
 * Reads the name of an image with a tag as apko does, which asks less of a repository's name but two characters; undefined for what
 * is none.
 */
export function parseTagAsApko(text: string): Reference | undefined {
  const [, base = '', tag = 'latest'] = /^(.*?)(?::([\w.-]{1,128}))?$/.exec(text) ?? [];
  const slash = base.indexOf('/');
  const first = base.slice(0, Math.max(slash, 0));
  const isHost = first === 'localhost' || /[.:]/.test(first);
  const repository = isHost ? base.slice(slash + 1) : base;
  if (
    !/^[a-z0-9_./-]{2,255}$/.test(repository) ||
    !/^(?:[\w.~-]*|\[[\da-f:]+\])(?::\d*)?$/.test(isHost ? first : '')
  )
    return undefined;
  const isHub = !isHost || first === 'docker.io' || first === dockerHub;
  return {
    registry: isHub ? dockerHub : first,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    tag,
    digest: undefined,
  };
}

/** The same, or a name with a digest. Throws `OCI_REFERENCE_INVALID`. */
export function parseNameAsApko(text: string): Reference {
  const name = text.includes('@') ? parseImageName(text) : parseTagAsApko(text);
  if (name !== undefined) return name;
  throw new KilnError('OCI_REFERENCE_INVALID', `not the name of an image: "${shorten(text)}"`, {
    hint: 'write REGISTRY/REPOSITORY:TAG, with two letters or more for the repository',
  });
}

/**
 * The same, of what is pushed: an address cannot hold a component `.` or `..` of a repository's name, and would be another's. Throws
 * `OCI_REFERENCE_INVALID`.
 */
export function parsePushedNameAsApko(text: string): Reference {
  const name = parseNameAsApko(text);
  if (name.repository.split('/').every((component) => !/^\.\.?$/.test(component))) return name;
  throw new KilnError('OCI_REFERENCE_INVALID', `no repository to push to: "${shorten(text)}"`, {
    hint: 'write it without components . and ..',
  });
}

/** The last component of the repository's name. */
export function baseNameOf({ repository }: Reference): string {
  return /([^/]*)\/*$/.exec(repository)?.[1] ?? '';
}
