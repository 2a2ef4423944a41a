import { KilnError, assert, shorten } from '@kiln/base';
import { isVersion } from '@kiln/version';

/**
 * A Debian version as an apk version, by a fixed rule: the epoch goes; the leading dotted number stays, with
 * one letter directly after it; every further number becomes `_pN`; words go, but `~` makes a pre-release
 * (`_alpha`, `_beta`, `_rc` where it says so, else `_pre`); `-r` and a revision (default 0) end it.
 *
 *     1:2.38-4+deb12u1   2.38_p4_p12_p1-r0
 *     1.1.1n-0           1.1.1n_p0-r0
 *     2.0~rc1-2          2.0_rc1_p2-r0
 *     20230311           20230311-r0
 *
 * Versions of one release order as in Debian as long as their shape is one; the exact one is in the package's
 * control segment. Throws `SEED_VERSION_INVALID`.
 */
export function apkVersion(debian: string, revision = 0): string {
  const text = debian.replace(/^\d+:/, '');
  const head = /^\d+(?:\.\d+)*(?:[a-z](?![A-Za-z]))?/.exec(text)?.[0];
  if (head === undefined) {
    throw new KilnError('SEED_VERSION_INVALID', `no apk version for "${shorten(debian)}"`);
  }
  const suffixes = [...text.slice(head.length).matchAll(/~([A-Za-z]*)\.?(\d*)|(\d+)/g)].map(
    ([, word, pre = '', number]) =>
      number === undefined ? `_${preRelease(word ?? '')}${pre}` : `_p${number}`,
  );
  const version = `${head}${suffixes.join('')}-r${revision}`;
  assert(isVersion(version), `"${version}" is an apk version`);
  return version;
}

function preRelease(word: string): string {
  return ['alpha', 'beta', 'rc'].find((known) => word.toLowerCase().startsWith(known)) ?? 'pre';
}
