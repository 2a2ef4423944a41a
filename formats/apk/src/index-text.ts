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
  const fields = new Fields();
  let line = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    line += 1;
    if (end > start) fields.add(text, start, end, line);
    else fields.close(records);
    start = end + 1;
  }
  fields.close(records);
  return records;
}

const none: readonly string[] = [];
const colon = ':'.charCodeAt(0);
const newerFeature = Array.from({ length: 128 }, (_, code) => {
  const letter = String.fromCharCode(code);
  return /[A-Z]/.test(letter) && !upperCaseKnown.includes(letter);
});

/** The fields of one record after the other. An index has some 400,000 lines. */
class Fields {
  /** By the code of their letter. */
  readonly #values: (string | undefined)[] = Array.from({ length: 128 });
  #any = false;
  #newer = false;

  add(text: string, start: number, end: number, line: number): void {
    if (end - start > lineBytesMax)
      throw indexInvalid(`line ${line} is longer than ${lineBytesMax} characters`);
    if (text.charCodeAt(start + 1) !== colon || end - start < 2)
      throw indexInvalid(`line ${line} is not a field: "${shorten(text.slice(start, end))}"`);
    const code = text.charCodeAt(start);
    this.#any = true;
    if (code >= 128) return;
    if (newerFeature[code] === true) this.#newer = true;
    this.#values[code] = text.slice(start + 2, end);
  }

  /** Ends a record; it is added when it can be used. */
  close(records: IndexRecord[]): void {
    if (!this.#any) return;
    if (!this.#newer && this.#values['P'.charCodeAt(0)] !== undefined) records.push(this.#record());
    this.#values.fill(undefined);
    this.#any = false;
    this.#newer = false;
  }

  #record(): IndexRecord {
    const [name, version, arch] = [this.#text('P'), this.#text('V'), this.#text('A')];
    const checksum = this.#text('C');
    if (name === '' || /[\s/]/.test(name) || /[\s/]/.test(version) || /[\s/]/.test(arch))
      throw indexInvalid(`package is named "${shorten(name)}"`);
    if (!isChecksum(checksum))
      throw indexInvalid(`checksum of ${shorten(name)} is "${shorten(checksum)}"`);
    return {
      checksum,
      name,
      version,
      arch,
      sizeBytes: this.#number('S') ?? 0,
      installedSizeBytes: this.#number('I') ?? 0,
      description: this.#text('T'),
      url: this.#text('U'),
      license: this.#text('L'),
      origin: this.#text('o'),
      maintainer: this.#text('m'),
      buildTimeSeconds: this.#number('t') ?? 0,
      commit: this.#text('c'),
      depends: this.#list('D'),
      provides: this.#list('p'),
      installIf: this.#list('i'),
      providerPriority: this.#number('k'),
    };
  }

  #text(letter: string): string {
    return this.#values[letter.charCodeAt(0)] ?? '';
  }

  #number(letter: string): number | undefined {
    const value = this.#values[letter.charCodeAt(0)];
    if (value === undefined) return undefined;
    if (!/^[0-9]{0,15}$/.test(value))
      throw indexInvalid(`field ${letter} of ${shorten(this.#text('P'))} is "${shorten(value)}"`);
    return Number(value);
  }

  #list(letter: string): readonly string[] {
    const value = this.#text(letter);
    if (value === '') return none;
    const parts = value.split(' ');
    return parts.includes('') ? parts.filter((part) => part !== '') : parts;
  }
}
