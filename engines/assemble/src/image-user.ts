import { parseGroup, parsePasswd } from './accounts.ts';

/** Whom the kernel runs a program as. */
export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
}

const idMax = 0xffff_fffe;

/**
 * Who an image's `User` means: `USER` or `USER:GROUP`, each a number or a name of the image's `/etc/passwd` and `/etc/group`, whose
 * texts are given; "" is root. Without a group it is that of the user's line in `/etc/passwd`, and group 0 for a number that has
 * none, as in Docker (https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties). Additional groups are not told.
 * Undefined for what is neither a number up to 4294967294 nor known there. Throws as `parsePasswd`.
 */
export function imageUser(
  text: string,
  { passwd, group }: { readonly passwd: string; readonly group: string },
): ImageUser | undefined {
  const [named = '', groupName = ''] = text.split(':', 2);
  const name = named || '0';
  const id = numberOf(name);
  const user = parsePasswd(passwd).find((one) => one.name === name || one.uid === id);
  const uid = user?.uid ?? id;
  const gid = groupName === '' ? (user?.gid ?? 0) : groupOf(groupName, group);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function groupOf(name: string, group: string): number | undefined {
  const id = numberOf(name);
  return parseGroup(group).find((one) => one.name === name || one.gid === id)?.gid ?? id;
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= idMax ? Number(text) : undefined;
}
