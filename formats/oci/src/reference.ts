import { KilnError, isDigest, shorten } from '@kiln/base';
import type { Digest } from '@kiln/base';

/** An image reference such as `registry.example.org:5000/team/app:1.2@sha256:…`. */
export interface Reference {
  /** Host and optional port; "" when the reference names none. */
  readonly registry: string;
  /** Repository name, such as `team/app`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** Whether this is a repository name of the distribution specification: at most 255 characters, lower case. */
export function isRepositoryName(name: string): boolean {
  const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
  return name.length <= 255 && new RegExp(`^${component}(?:/${component})*$`).test(name);
}

/** Whether this is a tag of the distribution specification: at most 128 characters. */
export function isTag(tag: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(tag);
}

/**
 * Splits `host:port/name:tag@digest`. The first component is a registry when it has a dot or a port, or is
 * `localhost`; no registry is ever assumed. Throws `OCI_REFERENCE_INVALID`.
 */
export function parseReference(text: string): Reference {
  const [beforeDigest, digest, ...more] = text.split('@');
  if (beforeDigest === undefined || more.length > 0) throw invalid(text, 'more than one "@"');
  if (digest !== undefined && !isDigest(digest))
    throw invalid(text, 'the digest is not sha256 and 64 hexadecimal digits');
  const { registry, rest } = splitRegistry(beforeDigest);
  if (registry !== '' && !isRegistry(registry))
    throw invalid(text, 'the registry is not a host with an optional port');
  const colon = rest.indexOf(':');
  const repository = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  if (!isRepositoryName(repository)) throw invalid(text, 'the repository name is not valid');
  if (tag !== undefined && !isTag(tag)) throw invalid(text, 'the tag is not valid');
  return { registry, repository, tag, digest };
}

/** The text of a reference; the inverse of `parseReference`. */
export function printReference(reference: Reference): string {
  const registry = reference.registry === '' ? '' : `${reference.registry}/`;
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${registry}${reference.repository}${tag}${digest}`;
}

function splitRegistry(text: string): { registry: string; rest: string } {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  const isHost = first === 'localhost' || /[.:[]/.test(first);
  return isHost ? { registry: first, rest: text.slice(slash + 1) } : { registry: '', rest: text };
}

function isRegistry(text: string): boolean {
  const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
  return (
    text.length <= 255 &&
    new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`).test(text)
  );
}

function invalid(text: string, why: string): KilnError {
  return new KilnError(
    'OCI_REFERENCE_INVALID',
    `not an image reference: "${shorten(text)}": ${why}`,
    {
      hint: 'write host:port/name:tag or host:port/name@sha256:…, names in lower case',
    },
  );
}
