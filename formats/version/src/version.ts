import { KilnError, shorten } from '@kiln/base';
import { tokenize } from './tokens.ts';

/** A full version taken apart: what upstream calls the release, and the packaging revision. */
export interface Version {
  readonly text: string;
  /** Without `-rN`. */
  readonly upstream: string;
  /** The N of `-rN` as written; undefined when there is none. */
  readonly revision: string | undefined;
}

const versionBytesMax = 512;

/** Whether the text is a version of apk packages, with or without `-rN`. Longer than 512 characters is none. */
export function isVersion(text: string): boolean {
  return text.length <= versionBytesMax && tokenize(text).at(-1)?.kind === 'end';
}

/** Throws `VERSION_INVALID`. */
export function parseVersion(text: string): Version {
  if (!isVersion(text)) {
    throw new KilnError('VERSION_INVALID', `not an apk version: "${shorten(text)}"`, {
      hint: 'digits and dots, then optionally one letter, _alpha _beta _pre _rc _cvs _svn _git _hg or _p with a number, and -rN',
    });
  }
  const revision = /-r([0-9]+)$/.exec(text)?.[1];
  const upstream = revision === undefined ? text : text.slice(0, -(revision.length + 2));
  return { text, upstream, revision };
}

/**
 * Cuts `name-version` (a package file without `.apk`) before the last `-` that a digit follows.
 * Undefined when there is none or the name would be empty.
 */
export function splitNameVersion(text: string): { name: string; version: string } | undefined {
  const match = /^(.+)-([0-9].*)$/s.exec(text);
  return match === null ? undefined : { name: match[1] ?? '', version: match[2] ?? '' };
}
