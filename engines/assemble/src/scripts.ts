import { KilnError } from '@kiln/base';
import { tarBytes } from '@kiln/tar';
import type { AssemblyDialect } from './failure.ts';
import type { PackageContents } from './package-contents.ts';

/** The last second that a header of USTAR holds. */
const ustarSecondsMax = 0o77777777777;

/**
 * `usr/lib/apk/db/scripts.tar`: the executable members of all control segments but `.PKGINFO`, named after package and
 * checksum, with one time. They are kept for apk, never run here. Throws `ASSEMBLE_UNSUPPORTED` in dialect `apko` for a time that
 * plain headers do not hold, as apko does.
 */
export function scriptsTar(
  packages: readonly PackageContents[],
  { mtimeSeconds, dialect }: { readonly mtimeSeconds: number; readonly dialect: AssemblyDialect },
): Uint8Array {
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
  const isHeld = mtimeSeconds >= 0 && mtimeSeconds <= ustarSecondsMax;
  if (dialect === 'apko' && members.length > 0 && !isHeld)
    throw new KilnError('ASSEMBLE_UNSUPPORTED', `scripts cannot be of the time ${mtimeSeconds}`, {
      hint: 'set SOURCE_DATE_EPOCH to a time from 1970 to 2242',
    });
  return tarBytes(members);
}

/** `usr/lib/apk/db/triggers`: one line per package that has triggers; apko writes one per line of `.PKGINFO`. */
export function triggersText(
  packages: readonly PackageContents[],
  dialect: AssemblyDialect,
): string {
  return packages
    .flatMap(({ info: { triggers }, checksum }) => {
      const lines = dialect === 'apko' || triggers.length === 0 ? triggers : [triggers.join(' ')];
      return lines.map((line) => `${checksum} ${line}\n`);
    })
    .join('');
}
