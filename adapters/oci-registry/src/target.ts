import type { OciDigest } from '@kiln/base';
import { isDigest, isSha512Digest, shorten } from '@kiln/base';
import { isRepositoryName, isTag } from '@kiln/oci';
import { RegistryRefusal } from './refusal.ts';

/**
 * A manifest's name in a repository. What cannot be a tag names nothing: whoever asks for it is told that it is not
 * found ("Pulling manifests"), and nothing is pushed under it.
 */
export type Reference =
  | { readonly kind: 'digest'; readonly digest: OciDigest }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'nothing'; readonly text: string };

/** What a path of the distribution API names; the numbers are those of the specification's endpoint table. */
export type Target =
  | { readonly kind: 'base' } // end-1
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: OciDigest } // end-2, end-10
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: Reference } // end-3, 7, 9
  | { readonly kind: 'uploads'; readonly repository: string } // end-4, 11
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string } // end-5, 6, 13, 14
  | { readonly kind: 'tags'; readonly repository: string } // end-8
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: OciDigest } // end-12
  | { readonly kind: 'catalog' };

/**
 * Reads the path of a request. Undefined when it is none of the API's. Throws refusals `NAME_INVALID` and
 * `DIGEST_INVALID`. Repository names may contain `blobs` and `manifests`, so the path is read from its end.
 */
export function parseTarget(path: string): Target | undefined {
  const segments = decodeSegments(path);
  if (segments === undefined || segments[0] !== '' || segments[1] !== 'v2') return undefined;
  const rest = segments.slice(2);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) return { kind: 'base' };
  if (rest.length === 1 && rest[0] === '_catalog') return { kind: 'catalog' };
  return parseUploads(rest) ?? parseNamed(rest);
}

function parseUploads(segments: readonly string[]): Target | undefined {
  const open = segments.at(-1) === 'uploads' && segments.at(-2) === 'blobs';
  if (open) return { kind: 'uploads', repository: repositoryOf(segments.slice(0, -2)) };
  if (segments.at(-2) !== 'uploads' || segments.at(-3) !== 'blobs') return undefined;
  const repository = repositoryOf(segments.slice(0, -3));
  const id = segments.at(-1) ?? '';
  return id === '' ? { kind: 'uploads', repository } : { kind: 'upload', repository, id };
}

function parseNamed(segments: readonly string[]): Target | undefined {
  const [kind = '', last = ''] = segments.slice(-2);
  const repository = (): string => repositoryOf(segments.slice(0, -2));
  switch (kind) {
    case 'blobs':
      return { kind: 'blob', repository: repository(), digest: parseOciDigest(last) };
    case 'manifests':
      return { kind: 'manifest', repository: repository(), reference: parseReference(last) };
    case 'referrers':
      return { kind: 'referrers', repository: repository(), digest: parseOciDigest(last) };
    case 'tags':
      return last === 'list' ? { kind: 'tags', repository: repository() } : undefined;
    default:
      return undefined;
  }
}

function repositoryOf(segments: readonly string[]): string {
  const name = segments.join('/');
  if (segments.some((segment) => segment.includes('/')) || !isRepositoryName(name)) {
    throw new RegistryRefusal('NAME_INVALID', `not a repository name: "${shorten(name)}"`);
  }
  return name;
}

/** Throws a refusal `DIGEST_INVALID`, also for algorithms that the image specification does not register. */
export function parseOciDigest(text: string): OciDigest {
  if (isDigest(text) || isSha512Digest(text)) return text;
  throw new RegistryRefusal('DIGEST_INVALID', `not a sha256 or sha512 digest: "${shorten(text)}"`);
}

function parseReference(text: string): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: parseOciDigest(text) };
  return isTag(text) ? { kind: 'tag', tag: text } : { kind: 'nothing', text };
}

/** Throws a refusal `NAME_INVALID`. */
export function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new RegistryRefusal('NAME_INVALID', `not a tag: "${shorten(text)}"`);
}

/** Percent-decoded once, segment by segment, so that an encoded slash stays inside its segment and is refused. */
function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split('/').map((segment) => decodeURIComponent(segment));
  } catch {
    // Not UTF-8 or not percent-encoding: no name of ours.
    return undefined;
  }
}
