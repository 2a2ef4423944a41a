import { parseInstalled } from '@kiln/apk';
import type { InstalledPackage } from '@kiln/apk';
import { KilnError } from '@kiln/base';
import type { Config, Manifest } from '@kiln/oci';

/** An image that another one is built upon: experimental in apko, and in dialect `apko` alone. */
export interface BaseImage {
  readonly packages: readonly InstalledPackage[];
  readonly config: Config;
  readonly manifest: Manifest;
}

/** The packages of a base image, from its installed database. Throws `ASSEMBLE_BASE_INVALID` with the line. */
export function parseInstalledDatabase(text: string): InstalledPackage[] {
  try {
    return parseInstalled(text);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'APK_INDEX_INVALID') throw error;
    throw new KilnError('ASSEMBLE_BASE_INVALID', `packages of the base image: ${error.message}`, {
      hint: 'the file under baseimage.apkindex must be the installed database of the image',
      cause: error,
    });
  }
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
