import { shorten } from '@kiln/base';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';

/** Forms of SBOMs: SPDX 2.3 and CycloneDX 1.6, both in JSON. */
export const sbomFormats = ['spdx', 'cyclonedx'] as const;

export type SbomFormat = (typeof sbomFormats)[number];

/** The form of this name; undefined where there is none. */
export function sbomFormatOf(name: string): SbomFormat | undefined {
  return sbomFormats.find((one) => one === name);
}

/** The forms that words of an option name, separated by commas, each once. Throws `USAGE`. */
export function parseSbomFormats(
  command: Command,
  words: readonly string[],
): readonly SbomFormat[] {
  const names = words.flatMap((word) => word.split(','));
  const formats = names.map((name) => {
    const format = sbomFormatOf(name);
    if (format !== undefined) return format;
    throw usage(command, `"${shorten(name)}" is no format: ${sbomFormats.join(' or ')}`);
  });
  return [...new Set(formats)];
}
