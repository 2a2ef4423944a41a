/** The fields of an index record that have a meaning, by the code of their letter. */
export const letters = {
  /** C */
  checksum: 67,
  /** P */
  name: 80,
  /** V */
  version: 86,
  /** A */
  arch: 65,
  /** S */
  sizeBytes: 83,
  /** I */
  installedSizeBytes: 73,
  /** T */
  description: 84,
  /** U */
  url: 85,
  /** L */
  license: 76,
  /** o */
  origin: 111,
  /** m */
  maintainer: 109,
  /** t */
  buildTimeSeconds: 116,
  /** c */
  commit: 99,
  /** D */
  depends: 68,
  /** p */
  provides: 112,
  /** i */
  installIf: 105,
  /** k */
  providerPriority: 107,
} as const;

/** Whether a letter is a feature of newer programs: an upper-case one without a meaning. */
export function isNewer(letter: number): boolean {
  return (
    /[A-Z]/.test(String.fromCharCode(letter)) && !Object.values<number>(letters).includes(letter)
  );
}
