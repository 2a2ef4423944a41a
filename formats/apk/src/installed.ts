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
  readonly depends: readonly string[];
  readonly provides: readonly string[];
  /** Directories and files, relative to the root. */
  readonly paths: readonly string[];
}

const lineBytesMax = 2 ** 20;

/**
 * Reads an installed database (`usr/lib/apk/db/installed`): records of lines `X:value` that a blank line closes, in each the
 * package's fields, then `F:` for a directory and `R:` for a file in the directory before it. Other fields are skipped.
 * Throws `APK_INDEX_INVALID` with the line number.
 */
export function parseInstalled(text: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  let record = new InstalledRecord();
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '') {
      const found = record.package();
      if (found !== undefined) packages.push(found);
      record = new InstalledRecord();
    } else if (line[1] === ':' && line.length <= lineBytesMax) {
      record.add(line.charAt(0), line.slice(2));
    } else throw indexInvalid(`line ${at + 1} is not a field: "${shorten(line)}"`);
  }
  const last = record.package();
  return last === undefined ? packages : [...packages, last];
}

class InstalledRecord {
  readonly #fields = new Map<string, string>();
  readonly #paths: string[] = [];
  #directory = '';

  add(letter: string, value: string): void {
    if (letter === 'F') {
      this.#directory = value;
      if (value !== '') this.#paths.push(value);
    } else if (letter === 'R')
      this.#paths.push(this.#directory === '' ? value : `${this.#directory}/${value}`);
    else this.#fields.set(letter, value);
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
      depends: list('D'),
      provides: list('p'),
      paths: this.#paths,
    };
  }
}
