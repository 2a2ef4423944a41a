import { KilnError } from '@kiln/base';

/** Bounds on what a compressed input may become and take. */
export interface XzLimits {
  /** Bytes of content over all blocks together; default 16 GiB. More throws `XZ_TOO_LARGE`. */
  readonly outputBytesMax: number;
  /** Bytes of content that later content may repeat, held in memory; default 64 MiB. More throws `XZ_TOO_LARGE`. */
  readonly dictionaryBytesMax: number;
}

export const defaultXzLimits: XzLimits = {
  outputBytesMax: 16 * 2 ** 30,
  dictionaryBytesMax: 64 * 2 ** 20,
};

export function corrupt(message: string): KilnError {
  return new KilnError('XZ_CORRUPT', message);
}

export function tooLarge(message: string): KilnError {
  return new KilnError('XZ_TOO_LARGE', message);
}

export function unsupported(message: string): KilnError {
  return new KilnError('XZ_UNSUPPORTED', message);
}
