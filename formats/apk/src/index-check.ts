import { shorten } from '@kiln/base';
import { isChecksum } from './checksum.ts';
import { indexInvalid } from './errors.ts';
import { letters } from './index-letters.ts';

const inPath = [letters.name, letters.version, letters.arch];
const numeric = [
  letters.sizeBytes,
  letters.installedSizeBytes,
  letters.buildTimeSeconds,
  letters.providerPriority,
];

/**
 * Refuses a record whose name, version or architecture cannot be part of a path, whose checksum is of another kind, or with a
 * number that is none; `text` gives the value of a field, "" where there is none. Throws `APK_INDEX_INVALID`.
 */
export function requireRecord(text: (letter: number) => string): void {
  const name = text(letters.name);
  if (name === '' || inPath.some((letter) => /[\s/]/.test(text(letter))))
    throw indexInvalid(`package is named "${shorten(name)}"`);
  const checksum = text(letters.checksum);
  if (!isChecksum(checksum))
    throw indexInvalid(`checksum of ${shorten(name)} is "${shorten(checksum)}"`);
  for (const letter of numeric) {
    const value = text(letter);
    if (!/^[0-9]{0,15}$/.test(value))
      throw indexInvalid(
        `field ${String.fromCharCode(letter)} of ${shorten(name)} is "${shorten(value)}"`,
      );
  }
}
