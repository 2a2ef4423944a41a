import { checksumOf, readControl } from '@kiln/apk';
import type { PackageLimits, ParseInfoOptions } from '@kiln/apk';
import type { PackageContents } from '@kiln/assemble';
import type { CacheRecord } from './record.ts';

export interface ControlOptions {
  readonly limits?: Partial<PackageLimits>;
  /** How `.PKGINFO` is read; default `apko`, since images must come out as that tool's. */
  readonly dialect?: ParseInfoOptions['dialect'];
}

/** What is known of a package without its files. Throws what `readControl` does. */
export async function packageFacts(
  record: CacheRecord,
  { dialect = 'apko', limits = {} }: ControlOptions,
): Promise<Omit<PackageContents, 'apk' | 'read' | 'file'>> {
  const { info, members } = await readControl(record.control, { dialect, limits });
  return {
    info,
    checksum: checksumOf(record.control),
    sizeBytes: record.sizeBytes,
    control: members.filter(({ entry }) => entry.path !== '.PKGINFO'),
    members: record.members,
    libraries: new Map(record.libraries.map(([index, object]) => [index, object ?? undefined])),
  };
}
