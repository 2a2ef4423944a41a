import { shorten } from '@kiln/base';
import { indexInvalid } from './errors.ts';
import { joinedLicenses } from './joined-licenses.ts';
import type { IndexRecord, PackageInfo } from './package-info.ts';
import { PackedIndex } from './packed-index.ts';

/** The index record of a package: `checksum` is `checksumOf` its control segment, `sizeBytes` the whole file's. */
export function recordOf(info: PackageInfo, checksum: string, sizeBytes: number): IndexRecord {
  return {
    checksum,
    name: info.name,
    version: info.version,
    arch: info.arch,
    sizeBytes,
    installedSizeBytes: info.installedSizeBytes,
    description: info.description,
    url: info.url,
    license: joinedLicenses(info.licenses),
    origin: info.origin,
    maintainer: info.maintainer,
    buildTimeSeconds: info.buildTimeSeconds,
    commit: info.commit,
    depends: info.depends,
    provides: info.provides,
    installIf: info.installIf,
    providerPriority: info.providerPriority,
  };
}

export interface PrintIndexOptions {
  /**
   * `melange` writes install-if lists in brackets, as that tool does, which no reader understands, and a build time of
   * 0. Default `kiln`.
   */
  readonly dialect?: 'kiln' | 'melange';
}

/**
 * The text of `APKINDEX`: records in the order given, each closed by a blank line, fields `C P V A S I T U L o m t c D
 * i p k`, empty ones but the description left out. A priority that is not above 0 means none, and a negative one would
 * make the index unreadable to clients, so neither is written. Throws `APK_INDEX_INVALID` for a line break in a value.
 */
export function printIndex(
  records: readonly IndexRecord[],
  options: PrintIndexOptions = {},
): string {
  return records.map((record) => printRecord(record, options)).join('');
}

function printRecord(record: IndexRecord, options: PrintIndexOptions): string {
  const installIf = record.installIf.join(' ');
  const fields: readonly (readonly [string, string | number])[] = [
    ['C', record.checksum],
    ['P', record.name],
    ['V', record.version],
    ['A', record.arch],
    ['S', record.sizeBytes],
    ['I', record.installedSizeBytes],
    ['T', record.description],
    ['U', record.url],
    ['L', record.license],
    ['o', record.origin],
    ['m', record.maintainer],
    ['t', record.buildTimeSeconds],
    ['c', record.commit],
    ['D', record.depends.join(' ')],
    ['i', options.dialect === 'melange' && installIf !== '' ? `[${installIf}]` : installIf],
    ['p', record.provides.join(' ')],
    ['k', Math.max(record.providerPriority ?? 0, 0)],
  ];
  const always = options.dialect === 'melange' ? 'Tt' : 'T';
  const written = fields.filter(
    ([key, value]) => always.includes(key) || (value !== '' && value !== 0),
  );
  const lines = written.map(([key, value]) => `${key}:${value}`);
  // melange writes all but the end of a line.
  const breaks = options.dialect === 'melange' ? /\n/ : /[\n\r\0]/;
  const broken = lines.find((line) => breaks.test(line));
  if (broken !== undefined)
    throw indexInvalid(`record of ${record.name} has a line break: "${shorten(broken)}"`);
  return `${lines.join('\n')}\n\n`;
}

/** The records in the text of `APKINDEX`, read as `PackedIndex` does. Throws `APK_INDEX_INVALID`. */
export function parseIndex(text: string): IndexRecord[] {
  return [...new PackedIndex(Buffer.from(text))];
}
