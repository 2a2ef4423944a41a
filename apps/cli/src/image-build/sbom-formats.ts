/** Forms of SBOMs: SPDX 2.3 and CycloneDX 1.6, both in JSON. */
export const sbomFormats = ['spdx', 'cyclonedx'] as const;

export type SbomFormat = (typeof sbomFormats)[number];

/** The form of this name; undefined where there is none. */
export function sbomFormatOf(name: string): SbomFormat | undefined {
  return sbomFormats.find((one) => one === name);
}
