import { tarBytes } from '@kiln/tar';
import type { PackageContents } from './package-contents.ts';

/**
 * `usr/lib/apk/db/scripts.tar`: the executable members of all control segments but `.PKGINFO`, named after package and
 * checksum, with one time. They are kept for apk, never run here.
 */
export function scriptsTar(packages: readonly PackageContents[], mtimeSeconds: number): Uint8Array {
  const members = packages.flatMap(({ info, checksum, control }) =>
    control
      .filter(({ entry }) => entry.path !== '.PKGINFO' && (entry.mode & 0o555) === 0o555)
      .map(({ entry, content }) => ({
        entry: {
          ...entry,
          path: `${info.name}-${info.version}.${checksum}${entry.path}`,
          mtimeSeconds,
        },
        content,
      })),
  );
  return tarBytes(members);
}

/** `usr/lib/apk/db/triggers`: one line per package that has triggers. */
export function triggersText(packages: readonly PackageContents[]): string {
  return packages
    .filter(({ info }) => info.triggers.length > 0)
    .map(({ info, checksum }) => `${checksum} ${info.triggers.join(' ')}\n`)
    .join('');
}
