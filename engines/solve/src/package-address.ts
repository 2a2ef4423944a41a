import type { IndexRecord } from '@kiln/apk';
import { KilnError, shorten } from '@kiln/base';

/**
 * Where the file of a package is: `<repository>/<arch>/<name>-<version>.apk`, below a URL or a directory. The architecture
 * is that of the index, also for packages that are for all. Throws `GUEST_PACKAGE_NAME`: a name is part of a path, and an
 * index that nobody signed may say anything.
 */
export function packageAddress(
  repository: string,
  arch: string,
  { name, version }: Pick<IndexRecord, 'name' | 'version'>,
): string {
  const file = `${name}-${version}.apk`;
  if (!/^[A-Za-z0-9_][^/\\\s\p{Cc}]*$/u.test(file) || file.length > 255) {
    throw new KilnError('GUEST_PACKAGE_NAME', `a package cannot be named "${shorten(file)}"`, {
      hint: 'the index of its repository is damaged or hostile',
    });
  }
  const isUrl = /^https?:\/\//.test(repository);
  return `${repository}/${arch}/${isUrl ? urlSegment(file) : file}`;
}

/** Encodes what has a meaning in URLs; `+` and the like stay, as apk asks for them. */
function urlSegment(file: string): string {
  return encodeURI(file).replace(/[?#]/g, encodeURIComponent);
}
