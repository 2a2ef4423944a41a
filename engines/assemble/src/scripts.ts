import type { ControlMember } from '@kiln/apk';
import { KilnError } from '@kiln/base';
import { headerFormat, printHeader, printHeaderAs, tarBytes } from '@kiln/tar';
import type { AssemblyDialect } from './failure.ts';
import type { PackageContents } from './package-contents.ts';

/**
 * `usr/lib/apk/db/scripts.tar`: the executable members of all control segments but `.PKGINFO`, named after package and
 * checksum, with one time. They are kept for apk, never run here. In dialect `apko` headers keep the format they have; throws
 * `ASSEMBLE_UNSUPPORTED` for a name or a time that it does not hold, as apko does.
 */
export function scriptsTar(
  packages: readonly PackageContents[],
  { mtimeSeconds, dialect }: { readonly mtimeSeconds: number; readonly dialect: AssemblyDialect },
): Uint8Array {
  const members = packages.flatMap(({ info, checksum, control }) =>
    control
      .filter(({ entry }) => entry.path !== '.PKGINFO' && (entry.mode & 0o555) === 0o555)
      .map(({ entry, content, headers }) => {
        const end = dialect === 'apko' && entry.type === 'directory' ? '/' : '';
        const path = `${info.name}-${info.version}.${checksum}${entry.path}${end}`;
        return { entry: { ...entry, path, mtimeSeconds }, content, headers };
      }),
  );
  return tarBytes(members, {}, (member) => scriptHeader(member, dialect));
}

function scriptHeader({ entry, headers }: ControlMember, dialect: AssemblyDialect): Uint8Array {
  const format = dialect === 'kiln' ? undefined : headerFormat(headers);
  if (format === undefined) return printHeader(entry);
  const header = printHeaderAs(format, entry);
  if (header !== undefined) return header;
  throw new KilnError(
    'ASSEMBLE_UNSUPPORTED',
    `a header of the format ${format} does not hold the script ${entry.path} of the time ${entry.mtimeSeconds}`,
    { hint: 'give the package a shorter name, and SOURCE_DATE_EPOCH a time from 1970 to 2242' },
  );
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
