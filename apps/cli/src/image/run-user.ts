import path from 'node:path';
import { parseGroup, parsePasswd } from '@kiln/assemble';
import { KilnError, shorten } from '@kiln/base';
import { readRootFile } from '@kiln/sandbox-bwrap';

/** Who a program runs as. */
export interface RunUser {
  readonly uid: number;
  readonly gid: number;
}

const idMax = 0xffff_fffe;

/**
 * Who an image's `User` means, in its file system: `USER` or `USER:GROUP`, each a number or a name of `/etc/passwd` and `/etc/group`.
 * A number without a group is its group's too. Throws `IMAGE_USER_INVALID`.
 */
export async function runUser(root: string, text: string): Promise<RunUser> {
  const [user = '', group] = text.split(':', 2);
  const { uid, gid } = await userOf(root, user, text);
  return { uid, gid: group ? await groupOf(root, group, text) : gid };
}

async function userOf(root: string, user: string, text: string): Promise<RunUser> {
  if (user === '') return { uid: 0, gid: 0 };
  const id = number(user);
  if (id !== undefined) return { uid: id, gid: id };
  const found = parsePasswd(await textOf(root, 'etc/passwd')).find(({ name }) => name === user);
  if (found === undefined) throw invalid(text);
  return found;
}

async function groupOf(root: string, group: string, text: string): Promise<number> {
  const id = number(group);
  if (id !== undefined) return id;
  const found = parseGroup(await textOf(root, 'etc/group')).find(({ name }) => name === group);
  if (found === undefined) throw invalid(text);
  return found.gid;
}

function number(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= idMax ? Number(text) : undefined;
}

async function textOf(root: string, name: string): Promise<string> {
  return Buffer.from((await readRootFile(path.resolve(root), name)) ?? []).toString('utf8');
}

function invalid(text: string): KilnError {
  return new KilnError('IMAGE_USER_INVALID', `the image has no user "${shorten(text)}"`, {
    hint: 'its User is a number, or a name in its /etc/passwd',
  });
}
