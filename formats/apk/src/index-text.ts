import { shorten } from '@kiln/base';
import { isChecksum } from './checksum.ts';
import { indexInvalid } from './errors.ts';
import type { IndexRecord, PackageInfo } from './package-info.ts';

const lineBytesMax = 2 ** 20;
const upperCaseKnown = 'CPVASITULD';

/** The index record of a package: `checksum` is `checksumOf` its control segment, `sizeBytes` the whole file's. Licences are joined by `AND`. */
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
    license: info.licenses.join(' AND '),
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
  const broken = lines.find((line) => /[\n\r\0]/.test(line));
  if (broken !== undefined)
    throw indexInvalid(`record of ${record.name} has a line break: "${shorten(broken)}"`);
  return `${lines.join('\n')}\n\n`;
}

/**
 * Reads the text of `APKINDEX`. Records without a name and, by the format's rule for newer features, those with an
 * unknown upper-case field are dropped; unknown lower-case fields are skipped. Lines are at most 1 MiB.
 * Throws `APK_INDEX_INVALID` with the line number.
 */
export function parseIndex(text: string): IndexRecord[] {
  const records: IndexRecord[] = [];
  let fields = new Map<string, string>();
  const close = (): void => {
    if (usable(fields)) records.push(recordFrom(fields));
    fields = new Map();
  };
  let line = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    line += 1;
    if (end === start) close();
    else fields.set(...fieldOf(text.slice(start, end), line));
    start = end + 1;
  }
  close();
  return records;
}

function fieldOf(line: string, number: number): [key: string, value: string] {
  if (line.length > lineBytesMax)
    throw indexInvalid(`line ${number} is longer than ${lineBytesMax} characters`);
  if (line[1] !== ':') throw indexInvalid(`line ${number} is not a field: "${shorten(line)}"`);
  return [line[0] ?? '', line.slice(2)];
}

function usable(fields: ReadonlyMap<string, string>): boolean {
  const newer = [...fields.keys()].some(
    (key) => /[A-Z]/.test(key) && !upperCaseKnown.includes(key),
  );
  return fields.has('P') && !newer;
}

function recordFrom(fields: ReadonlyMap<string, string>): IndexRecord {
  const get = (key: string): string => fields.get(key) ?? '';
  const name = get('P');
  const number = (key: string): number => {
    const value = get(key);
    if (!/^[0-9]{0,15}$/.test(value))
      throw indexInvalid(`field ${key} of ${shorten(name)} is "${shorten(value)}"`);
    return Number(value);
  };
  const list = (key: string, value = get(key)): string[] =>
    value.split(' ').filter((part) => part !== '');
  if (/[\s/]/.test(name + get('V') + get('A')) || name === '')
    throw indexInvalid(`package is named "${shorten(name)}"`);
  if (!isChecksum(get('C')))
    throw indexInvalid(`checksum of ${shorten(name)} is "${shorten(get('C'))}"`);
  return {
    checksum: get('C'),
    name,
    version: get('V'),
    arch: get('A'),
    sizeBytes: number('S'),
    installedSizeBytes: number('I'),
    description: get('T'),
    url: get('U'),
    license: get('L'),
    origin: get('o'),
    maintainer: get('m'),
    buildTimeSeconds: number('t'),
    commit: get('c'),
    depends: list('D'),
    provides: list('p'),
    installIf: list('i'),
    providerPriority: fields.has('k') ? number('k') : undefined,
  };
}
