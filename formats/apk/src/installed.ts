import { shorten } from '@kiln/base';
import { indexInvalid } from './errors.ts';

/** A package as the installed database of a root file system has it. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly origin: string;
  readonly license: string;
  /** `Q1…`: of its control segment. */
  readonly checksum: string;
  /** Seconds since 1970; 0 where it is not said. */
  readonly buildTimeSeconds: number;
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  /** Directories and files, relative to the root. */
  readonly paths: readonly string[];
  /** All of its fields by letter, as they are written; the first of each. */
  readonly fields: ReadonlyMap<string, string>;
  /** Lines `F:` and `R:`, in their order. */
  readonly files: readonly string[];
}

const lineBytesMax = 2 ** 20;
const recordsMax = 100_000;

/**
 * Reads an installed database (apk-installed(5), `usr/lib/apk/db/installed`): records of lines `X:value` that a blank line closes,
 * in each the package's fields, then `F:` for a directory and `R:` for a file in the directory before it. Owners, modes and
 * checksums of files are skipped. Throws `APK_INDEX_INVALID` with the line number, and for more than 100,000 packages.
 */
export function parseInstalled(text: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  let record = new InstalledRecord();
  const close = (): void => {
    const found = record.package();
    if (found !== undefined) packages.push(found);
    if (packages.length > recordsMax) throw indexInvalid(`more than ${recordsMax} packages`);
    record = new InstalledRecord();
  };
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '') close();
    else if (line[1] === ':' && line.length <= lineBytesMax) record.add(line);
    else throw indexInvalid(`line ${at + 1} is not a field: "${shorten(line)}"`);
  }
  close();
  return packages;
}

class InstalledRecord {
  readonly #fields = new Map<string, string>();
  readonly #files: string[] = [];
  readonly #paths: string[] = [];
  #directory = '';

  add(line: string): void {
    const [letter, value] = [line.charAt(0), line.slice(2)];
    if (letter === 'F' || letter === 'R') {
      this.#files.push(line);
      this.#addPath(letter, value);
    } else if (!'MaZ'.includes(letter) && !this.#fields.has(letter))
      this.#fields.set(letter, value);
  }

  #addPath(letter: 'F' | 'R', value: string): void {
    const path = letter === 'F' || this.#directory === '' ? value : `${this.#directory}/${value}`;
    if (letter === 'F') this.#directory = value;
    if (path !== '') this.#paths.push(path);
  }

  /** Undefined for a record without a name. */
  package(): InstalledPackage | undefined {
    const text = (letter: string): string => this.#fields.get(letter) ?? '';
    const list = (letter: string): string[] =>
      text(letter)
        .split(' ')
        .filter((part) => part !== '');
    if (text('P') === '') return undefined;
    return {
      name: text('P'),
      version: text('V'),
      origin: text('o'),
      license: text('L'),
      checksum: text('C'),
      buildTimeSeconds: Number(text('t')) || 0,
      depends: list('D'),
      provides: list('p'),
      paths: this.#paths,
      fields: this.#fields,
      files: this.#files,
    };
  }
}
