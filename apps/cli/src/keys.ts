import path from 'node:path';
import type { Keyring } from '@kiln/apk';
import { KilnError } from '@kiln/base';
import { readBoundedFile } from './bounded-file.ts';

const keyBytesMax = 64 * 1024;

/** The public key of images that a flag names, or that of the factory of this home. Throws as `readKey`. */
export function imageKeyOf(home: string, named: unknown): string {
  if (typeof named === 'string') return readKey(named);
  return readKey(
    path.join(home, 'public', 'image.pub'),
    'start the factory, which makes its own, with kiln up, or name a key with --key',
  );
}

/** The text of a key file. Throws `KEY_NOT_FOUND`, `LOCAL_FILE_TOO_LARGE` and what the system says. */
export function readKey(file: string, hint: string = 'name one with --key'): string {
  try {
    return readBoundedFile(file, keyBytesMax).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new KilnError('KEY_NOT_FOUND', `there is no key ${file}`, { hint });
  }
}

/** Public keys by the names of their files, which is how signatures of packages name them. Throws `KEY_NOT_FOUND`. */
export function keyringOf(files: readonly string[]): Keyring {
  return new Map(files.map((file) => [path.basename(file), readKey(file)]));
}
