import { KilnError, shorten } from '@kiln/base';

/** The parts of a package URL, as they are before encoding. */
export interface PackageUrl {
  readonly type: string;
  /** Segments with slashes between; empty ones count for nothing. */
  readonly namespace?: string;
  readonly name: string;
  readonly version: string;
  /** Those without a value are left out; the others are sorted. */
  readonly qualifiers?: Readonly<Record<string, string>>;
  readonly subpath?: string;
}

/** A package URL (package-url/purl-spec). Throws `SPDX_PURL_INVALID` where the name is empty. */
export function printPurl(url: PackageUrl): string {
  if (url.name === '') {
    const what = [url.namespace, url.version, url.subpath].filter(Boolean).join(' ');
    throw new KilnError(
      'SPDX_PURL_INVALID',
      `a package URL of type ${url.type} has no name: "${shorten(what)}"`,
    );
  }
  return purlText(url);
}

/** The text of a package URL whatever its name is, which apko does not look at. */
export function purlText(url: PackageUrl): string {
  const path = [...(url.namespace ?? '').split('/').filter(Boolean), url.name];
  const qualifiers = Object.entries(url.qualifiers ?? {})
    .filter(([, value]) => value !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${qualifierValue(value)}`);
  return [
    `pkg:${url.type}/${path.map(segment).join('/')}`,
    ...(url.version === '' ? [] : ['@', segment(url.version)]),
    ...(qualifiers.length === 0 ? [] : ['?', qualifiers.join('&')]),
    ...(url.subpath === undefined || url.subpath === ''
      ? []
      : ['#', url.subpath.split('/').map(segment).join('/')]),
  ].join('');
}

/** The package URL of an apk. */
export function apkPurl(apk: {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}): string {
  const { namespace, name, version, arch } = apk;
  const distro = namespace === 'unknown' ? '' : namespace;
  return printPurl({ type: 'apk', namespace, name, version, qualifiers: { arch, distro } });
}

/** What a path of RFC 3986 takes as it is stays, but for `@` and `+`. */
function segment(text: string): string {
  return encodeURIComponent(text).replace(/%(?:24|26|2C|3A|3B|3D)/g, decodeURIComponent);
}

/** Unreserved characters of RFC 3986 and the colon stay. */
function qualifierValue(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%3A', ':')
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
