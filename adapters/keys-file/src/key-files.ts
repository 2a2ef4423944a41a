import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KilnError } from '@kiln/base';
import type { Random } from '@kiln/base';
import { generateSigningKeys, openSigningKeys, publicHalves } from '@kiln/trust';
import type { PublicKeys, SigningKeyPems, SigningKeys } from '@kiln/trust';

const APK_KEY_FILE = 'apk.key';
const IMAGE_KEY_FILE = 'image.key';
/** The image key's public half in the public directory. */
export const IMAGE_PUBLIC_FILE = 'image.pub';
const keySizeBytesMax = 64 * 1024;

export interface KeyDirectories {
  /** Mode 0700; its files 0600. Hidden from workers by `confine`. */
  readonly keysDirectory: string;
  /** For everybody: `<apk key name>.rsa.pub` and `image.pub`, mode 0644. */
  readonly publicDirectory: string;
}

/**
 * Makes the keys unless they exist, and (again) the copies of the public halves. The key directory appears whole, by one
 * rename, so a crash leaves either no keys or both; of two callers at once one wins and both get its keys.
 * Throws what `openKeys` throws.
 */
export async function createKeys(directories: KeyDirectories, random: Random): Promise<PublicKeys> {
  const { keysDirectory, publicDirectory } = directories;
  if (!(await exists(join(keysDirectory, IMAGE_KEY_FILE)))) {
    await placeKeys(keysDirectory, await generateSigningKeys(), random);
  }
  const halves = publicHalves(await openKeys(keysDirectory));
  await mkdir(publicDirectory, { recursive: true });
  await publish(join(publicDirectory, halves.apkKeyName), halves.apkKeyPem, random);
  await publish(join(publicDirectory, IMAGE_PUBLIC_FILE), halves.imageKeyPem, random);
  return halves;
}

/**
 * Opens the keys of a directory. Throws `KEYS_MISSING`, `KEYS_EXPOSED` when somebody else may read a file or the
 * directory, and `KEYS_INVALID` when a file is not the expected kind of key.
 */
export async function openKeys(keysDirectory: string): Promise<SigningKeys> {
  await refuseExposed(keysDirectory);
  const [apkPem, imagePem] = await Promise.all([
    readKey(join(keysDirectory, APK_KEY_FILE)),
    readKey(join(keysDirectory, IMAGE_KEY_FILE)),
  ]);
  return openSigningKeys({ apkPem, imagePem });
}

async function placeKeys(
  keysDirectory: string,
  pems: SigningKeyPems,
  random: Random,
): Promise<void> {
  const parent = dirname(keysDirectory);
  await mkdir(parent, { recursive: true });
  const fresh = join(parent, `.${basename(keysDirectory)}-${random.id()}`);
  await mkdir(fresh, { mode: 0o700 });
  try {
    await writeSynced(join(fresh, APK_KEY_FILE), pems.apkPem, 0o600);
    await writeSynced(join(fresh, IMAGE_KEY_FILE), pems.imagePem, 0o600);
    await syncDirectory(fresh);
    await rename(fresh, keysDirectory);
    await syncDirectory(parent);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another process was first: its keys are the keys.
    if (await exists(join(keysDirectory, IMAGE_KEY_FILE))) return;
    throw new KilnError('KEYS_NOT_WRITTEN', 'the key directory could not be made', {
      hint: `make ${parent} writable, and ${keysDirectory} absent or empty`,
      cause: error,
    });
  }
}

async function publish(path: string, pem: string, random: Random): Promise<void> {
  const temporary = `${path}.${random.id()}.tmp`;
  await writeSynced(temporary, pem, 0o644);
  await rename(temporary, path);
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  // The umask may have taken bits away.
  await chmod(path, mode);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readKey(path: string): Promise<string> {
  await refuseExposed(path);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size > keySizeBytesMax)
      throw new KilnError('KEYS_INVALID', `${basename(path)} has ${size} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function refuseExposed(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) {
    throw new KilnError('KEYS_MISSING', `no ${basename(path)} in the key directory`, {
      hint: 'start the signer once to make keys, or restore them from a backup',
    });
  }
  const own = stat.uid === process.getuid?.();
  if ((stat.mode & 0o077) !== 0 || stat.isSymbolicLink() || !own) {
    throw new KilnError(
      'KEYS_EXPOSED',
      `${basename(path)} is a link, is not ours, or others may read it`,
      {
        hint: `chmod ${stat.isDirectory() ? '700' : '600'} ${path}, and replace the keys if somebody may have read them`,
      },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
