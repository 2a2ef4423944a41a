import { parseInstalled } from '@kiln/apk';
import type { InstalledPackage } from '@kiln/apk';
import { KilnError, shorten } from '@kiln/base';
import type { Config, Manifest } from '@kiln/oci';

/** An image that another one is built upon: experimental in apko, and in dialect `apko` alone. */
export interface BaseImage {
  readonly packages: readonly InstalledPackage[];
  readonly config: Config;
  readonly manifest: Manifest;
}

/** The end of 9999: the last second that RFC 3339 can say. */
export const buildTimeSecondsMax = 253_402_300_799;

/** The packages of a base image, from its installed database. Throws `ASSEMBLE_BASE_INVALID` with the line or the package. */
export function parseInstalledDatabase(text: string): InstalledPackage[] {
  if (text.includes('\0')) throw invalid('a NUL byte is in them');
  const packages = parsed(text);
  for (const { name, buildTimeSeconds: time } of packages)
    if (!Number.isInteger(time) || time > buildTimeSecondsMax)
      throw invalid(`the build time of ${shorten(name)} cannot be: ${time}`);
  return packages;
}

function parsed(text: string): InstalledPackage[] {
  try {
    return parseInstalled(text);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'APK_INDEX_INVALID') throw error;
    throw invalid(error.message, error);
  }
}

function invalid(why: string, cause?: KilnError): KilnError {
  return new KilnError('ASSEMBLE_BASE_INVALID', `packages of the base image: ${why}`, {
    hint: 'the file under baseimage.apkindex must be the installed database of the image',
    cause,
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
