import path from 'node:path';
import type { ImageUser } from '@kiln/assemble';
import { imageUser } from '@kiln/assemble';
import { KilnError, shorten } from '@kiln/base';
import { readRootFile } from '@kiln/sandbox-bwrap';

/** Who an image's `User` means, in its file system. Throws `IMAGE_USER_INVALID`. */
export async function runUser(root: string, text: string): Promise<ImageUser> {
  const passwd = await textOf(root, 'etc/passwd');
  const user = imageUser(text, { passwd, group: await textOf(root, 'etc/group') });
  if (user !== undefined) return user;
  throw new KilnError('IMAGE_USER_INVALID', `the image has no user "${shorten(text)}"`, {
    hint: 'its User is a number, or a name in its /etc/passwd',
  });
}

async function textOf(root: string, name: string): Promise<string> {
  return Buffer.from((await readRootFile(path.resolve(root), name)) ?? []).toString('utf8');
}
