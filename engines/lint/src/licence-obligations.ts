/**
 * How much a licence asks of whoever passes the software on, in the words of the licence checkers of the Go world:
 * `unencumbered` nothing, `notice` to keep a text, `reciprocal` the sources of what was changed, `restricted` those of what
 * it becomes part of, `forbidden` more than most companies accept.
 */
export type LicenceObligations =
  | 'unencumbered'
  | 'notice'
  | 'reciprocal'
  | 'restricted'
  | 'forbidden'
  | 'unknown';

const families: readonly (readonly [RegExp, LicenceObligations])[] = [
  [/^(?:AGPL-|WTFPL$)/, 'forbidden'],
  [/^(?:L?GPL-|CC-BY-SA-)/, 'restricted'],
  [/^(?:MPL-|EPL-)/, 'reciprocal'],
  [/^(?:CC0-1\.0|Unlicense)$/, 'unencumbered'],
  [/^(?:Apache-|Artistic-|BSD-|BSL-|CC-BY-|ISC$|MIT$|NCSA$|OpenSSL$|X11$|Zlib$)/, 'notice'],
];

/** Of a recognised licence; what those checkers do not know is `unknown` here, too, however free it is. */
export function obligationsOf(id: string): LicenceObligations {
  return families.find(([pattern]) => pattern.test(id))?.[1] ?? 'unknown';
}
