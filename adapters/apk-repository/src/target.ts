import type { Digest } from '@kiln/base';
import { isDigest } from '@kiln/base';
import { provenanceSuffix } from '@kiln/factory';

/** Which state of a repository a path is about. */
export type Selector =
  | { readonly kind: 'current' }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'digest'; readonly indexBlob: Digest };

/** What a path below `/apk/` names. */
export type Target =
  | { readonly kind: 'key'; readonly file: string }
  | {
      /** `provenance`: `file` is the package that it is about. */
      readonly kind: 'index' | 'package' | 'provenance';
      readonly repository: string;
      readonly selector: Selector;
      readonly arch: string;
      readonly file: string;
    };

const indexFile = 'APKINDEX.tar.gz';
const repositoryPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const archPattern = /^[a-z0-9][a-z0-9_]{0,31}$/;
const packagePattern = /^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,250}\.apk$/;
const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,250}\.pub$/;

/**
 * Reads the part of a path after `/apk/`; undefined when it can name nothing. A generation is `@12`, or
 * `@sha256:<digest of its APKINDEX.tar.gz>`. The key may be asked for at the top and beside every architecture.
 */
export function parseTarget(path: string): Target | undefined {
  const segments = decodeSegments(path);
  const file = segments?.at(-1) ?? '';
  if (segments === undefined) return undefined;
  if (segments.length === 1) return keyPattern.test(file) ? { kind: 'key', file } : undefined;
  const [repository = '', ...rest] = segments;
  if (!repositoryPattern.test(repository)) return undefined;
  const selector = rest[0]?.startsWith('@')
    ? parseSelector(rest[0].slice(1))
    : { kind: 'current' as const };
  if (selector === undefined) return undefined;
  const names = selector.kind === 'current' ? rest : rest.slice(1);
  if (names.length === 1) return keyPattern.test(file) ? { kind: 'key', file } : undefined;
  const [arch = ''] = names;
  if (names.length !== 2 || !archPattern.test(arch)) return undefined;
  if (keyPattern.test(file)) return { kind: 'key', file };
  if (file === indexFile) return { kind: 'index', repository, selector, arch, file };
  if (packagePattern.test(file)) return { kind: 'package', repository, selector, arch, file };
  if (!file.endsWith(provenanceSuffix)) return undefined;
  const about = file.slice(0, -provenanceSuffix.length);
  return packagePattern.test(about)
    ? { kind: 'provenance', repository, selector, arch, file: about }
    : undefined;
}

/** Numbers are below 2^31, as their records are. */
function parseSelector(text: string): Selector | undefined {
  if (isDigest(text)) return { kind: 'digest', indexBlob: text };
  return /^[1-9][0-9]{0,8}$/.test(text) ? { kind: 'number', number: Number(text) } : undefined;
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split('/').map((segment) => decodeURIComponent(segment));
  } catch {
    // Not UTF-8 or not percent-encoding: no name of ours.
    return undefined;
  }
}
