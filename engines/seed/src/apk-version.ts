import { KilnError, assert, shorten } from '@kiln/base';
import { isVersion, isVersionApko } from '@kiln/version';

/**
 * A Debian version as an apk version, by a fixed rule: the epoch goes; the leading dotted number stays, with one letter
 * directly after it; words go, but a `~` right behind makes a pre-release (`_alpha`, `_beta`, `_rc` where it says so, else
 * `_pre`). Of all further numbers the first three become one `_p`, the second and third with two digits each; `-r` and a
 * revision (default 0) end it.
 *
 *     1:2.38-4+deb12u1   2.38_p41201-r0
 *     1.1.1n-0           1.1.1n_p00000-r0
 *     2.0~rc1-2          2.0_rc1_p20000-r0
 *     20230311           20230311-r0
 *
 * One suffix of each kind and no more, although apk takes several: apko, and melange with it, reads no other version.
 * Versions of one release order as in Debian as long as their shape is one and the later numbers are below a hundred; the
 * exact one is in the package's control segment. Throws `SEED_VERSION_INVALID`.
 */
export function apkVersion(debian: string, revision = 0): string {
  const text = debian.replace(/^\d+:/, '');
  const head = /^\d+(?:\.\d+)*(?:[a-z](?![A-Za-z]))?/.exec(text)?.[0];
  if (head === undefined) {
    throw new KilnError('SEED_VERSION_INVALID', `no apk version for "${shorten(debian)}"`);
  }
  const rest = text.slice(head.length);
  const [before = '', word = '', number = ''] = /^~([A-Za-z]*)\.?(\d*)/.exec(rest) ?? [];
  const pre = before === '' ? '' : `_${preRelease(word)}${number}`;
  const version = `${head}${pre}${patchLevel(rest.slice(before.length))}-r${revision}`;
  assert(isVersion(version) && isVersionApko(version), `"${version}" is an apk version`);
  return version;
}

function patchLevel(text: string): string {
  const [first, second = '', third = ''] = text.match(/\d+/g) ?? [];
  const twoDigits = (number: string): string =>
    number
      .replace(/^0+(?=\d{2})/, '')
      .padStart(2, '0')
      .replace(/^.{3,}$/, '99');
  return first === undefined ? '' : `_p${first}${twoDigits(second)}${twoDigits(third)}`;
}

function preRelease(word: string): string {
  return ['alpha', 'beta', 'rc'].find((known) => word.toLowerCase().startsWith(known)) ?? 'pre';
}
