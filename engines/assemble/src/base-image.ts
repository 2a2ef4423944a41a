import { KilnError, shorten } from '@kiln/base';
import type { Config, Manifest } from '@kiln/oci';

/** A package that a base image holds already. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly buildTimeSeconds: number;
  /** By letter; the first of each. */
  readonly fields: ReadonlyMap<string, string>;
  /** Lines `F:` and `R:`, in their order. */
  readonly files: readonly string[];
}

/** An image that another one is built upon: experimental in apko, and in dialect `apko` alone. */
export interface BaseImage {
  readonly packages: readonly InstalledPackage[];
  readonly config: Config;
  readonly manifest: Manifest;
}

const recordsMax = 100_000;

/**
 * Reads an installed database (apk-installed(5)): facts and files of packages. Owners, modes and checksums of files are not
 * kept, as apko does not keep them. Throws `ASSEMBLE_BASE_INVALID` with the line.
 */
export function parseInstalledDatabase(text: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  let fields = new Map<string, string>();
  let files: string[] = [];
  const close = (): void => {
    const name = fields.get('P');
    if (name !== undefined && name !== '') {
      const buildTimeSeconds = Number(fields.get('t') ?? 0) || 0;
      packages.push({ name, version: fields.get('V') ?? '', buildTimeSeconds, fields, files });
    }
    fields = new Map();
    files = [];
  };
  text.split('\n').forEach((line, i) => {
    if (line === '') return close();
    if (line[1] !== ':') throw invalid(`line ${i + 1} is not a field: "${shorten(line)}"`);
    const letter = line[0] ?? '';
    if (letter === 'F' || letter === 'R') files.push(line);
    else if (!'MaZ'.includes(letter) && !fields.has(letter)) fields.set(letter, line.slice(2));
    if (packages.length > recordsMax) throw invalid(`more than ${recordsMax} packages`);
  });
  close();
  return packages;
}

function invalid(why: string): KilnError {
  return new KilnError('ASSEMBLE_BASE_INVALID', `packages of the base image: ${why}`, {
    hint: 'the file under baseimage.apkindex must be the installed database of the image',
  });
}

/** The record of such a package in the database of the new image, as apko writes it anew. */
export function printBaseRecord({ fields, files }: InstalledPackage): string {
  const value = (letter: string): string => fields.get(letter) ?? '';
  const number = (letter: string): number => Number(value(letter)) || 0;
  const lines = [
    ...['P', 'V', 'A', 'L', 'T', 'o', 'm', 'U', 'D', 'p'].map((key) => `${key}:${value(key)}`),
    ...(value('r') === '' ? [] : [`r:${value('r')}`]),
    `c:${value('c')}`,
    // Go prints a list in brackets, and reads what it printed as a list of one.
    `i:[${value('i')}]`,
    ...['t', 'S', 'I', 'k'].map((key) => `${key}:${number(key)}`),
    `C:${value('C')}`,
    ...files,
  ];
  return `${lines.join('\n')}\n\n`;
}
