import { KilnError, shorten, trimmed } from '@kiln/base';
import type { Accounts } from '@kiln/image-config';
import { readText } from './content.ts';
import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { newDirectory } from './node.ts';

const recordsMax = 65_536;

/** A line of `/etc/passwd` (passwd(5)). */
export interface PasswdEntry {
  readonly name: string;
  readonly password: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

/** A line of `/etc/group` (group(5)). */
export interface GroupEntry {
  readonly name: string;
  readonly password: string;
  readonly gid: number;
  readonly members: string;
}

/**
 * Adds the configured users and groups to those of the packages and makes every missing home directory. Gives what `run-as` means:
 * the decimal id of the first user with this name, else the text itself. Throws `ASSEMBLE_ACCOUNTS_INVALID` for a line that is malformed, `ASSEMBLE_PATH_INVALID` for a home that is no directory.
 */
export async function applyAccounts(
  tree: FileTree,
  accounts: Accounts,
  dialect: AssemblyDialect,
): Promise<string> {
  tree.mkdirAll('etc', 0o755);
  if (accounts.groups.length > 0) await addGroups(tree, accounts, dialect);
  const users = [
    ...(await readPasswd(tree, dialect)),
    ...accounts.users.map((user) => passwdEntry(user, dialect)),
  ];
  tree.write('etc/passwd', users.map(printPasswd).join(''));
  for (const user of users) makeHome(tree, user);
  if (accounts.users.length > 0) await addShadow(tree, accounts);
  const { runAs } = accounts;
  const user = runAs === '' ? undefined : users.find(({ name }) => name === runAs);
  return user === undefined ? runAs : String(user.uid);
}

/** Ids to names from `etc/passwd` and `etc/group`; a later line wins, reading stops at the first malformed one. */
export async function ownerNames(
  tree: FileTree,
  dialect: AssemblyDialect,
): Promise<{
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}> {
  const users = parsePasswd((await readText(tree, 'etc/passwd')) ?? '', dialect);
  const groups = parseGroup((await readText(tree, 'etc/group')) ?? '', dialect);
  return {
    users: new Map(users.map(({ uid, name }) => [uid, name])),
    groups: new Map(groups.map(({ gid, name }) => [gid, name])),
  };
}

/** The entries of an `/etc/passwd` up to its first malformed line. Throws `ASSEMBLE_ACCOUNTS_INVALID` above 65,536 lines. */
export function parsePasswd(text: string, dialect: AssemblyDialect = 'kiln'): PasswdEntry[] {
  return entriesUntilMalformed(text, (line) => parsePasswdLine(line, dialect));
}

/** The entries of an `/etc/group` up to its first malformed line. Throws as `parsePasswd`. */
export function parseGroup(text: string, dialect: AssemblyDialect = 'kiln'): GroupEntry[] {
  return entriesUntilMalformed(text, (line) => parseGroupLine(line, dialect));
}

function entriesUntilMalformed<T>(text: string, parse: (line: string) => T | undefined): T[] {
  const entries: T[] = [];
  for (const line of lines(text)) {
    const entry = parse(line);
    if (entry === undefined) break;
    entries.push(entry);
  }
  return entries;
}

async function readPasswd(tree: FileTree, dialect: AssemblyDialect): Promise<PasswdEntry[]> {
  return lines((await readText(tree, 'etc/passwd')) ?? '').map((line) => {
    const entry = parsePasswdLine(line, dialect);
    if (entry === undefined) throw malformed('etc/passwd', line, 7);
    return entry;
  });
}

async function addGroups(
  tree: FileTree,
  accounts: Accounts,
  dialect: AssemblyDialect,
): Promise<void> {
  const present = lines((await readText(tree, 'etc/group')) ?? '').map((line) => {
    const entry = parseGroupLine(line, dialect);
    if (entry === undefined) throw malformed('etc/group', line, 4);
    return entry;
  });
  const added = accounts.groups.map((group) => ({
    name: group.groupName,
    password: 'x',
    gid: group.gid,
    members: group.members.join(','),
  }));
  const text = [...present, ...added].map((g) => `${g.name}:${g.password}:${g.gid}:${g.members}\n`);
  tree.write('etc/group', text.join(''));
}

/** Lines of packages lose their third field, the date of the last change, as apko writes them. */
async function addShadow(tree: FileTree, accounts: Accounts): Promise<void> {
  const present = lines((await readText(tree, 'etc/shadow')) ?? '').map((line) => {
    const fields = trimmed(line).split(':');
    if (fields.length !== 9) throw malformed('etc/shadow', line, 9);
    return fields.with(2, '').join(':');
  });
  const added = accounts.users.map(({ userName }) => `${userName}:!:::::::`);
  tree.write('etc/shadow', [...present, ...added].map((line) => `${line}\n`).join(''), 0o640);
}

function passwdEntry(user: Accounts['users'][number], dialect: AssemblyDialect): PasswdEntry {
  return {
    name: user.userName,
    password: 'x',
    uid: user.uid,
    gid: user.gid ?? user.uid,
    comment: `Account created by ${dialect}`,
    home: user.homeDir || `/home/${user.userName}`,
    shell: user.shell || '/bin/sh',
  };
}

function makeHome(tree: FileTree, user: PasswdEntry): void {
  if (user.home === '/dev/null') return;
  const existing = tree.at(user.home);
  if (existing?.type === 'directory') return;
  if (existing !== undefined) {
    throw assemblyError(
      'ASSEMBLE_PATH_INVALID',
      user.home,
      `home directory of ${user.name} exists, but is not a directory`,
    );
  }
  tree.mkdirAbove(user.home, 0o755);
  if (tree.entryAt(user.home) !== undefined)
    throw assemblyError('ASSEMBLE_PATH_INVALID', user.home, 'is a link that leads nowhere');
  tree.put(user.home, newDirectory({ mode: 0o700 }));
  // Of a text that ends with a slash apko makes the last name in itself, and gives away the outer one.
  const home = tree.edit(user.home);
  if (home === undefined)
    throw assemblyError('ASSEMBLE_PATH_INVALID', user.home, 'is not where its text says');
  home.uid = user.uid;
  home.gid = user.gid;
}

function lines(text: string): string[] {
  const all = text.split('\n');
  if (all.at(-1) === '') all.pop();
  if (all.length > recordsMax) {
    throw new KilnError(
      'ASSEMBLE_ACCOUNTS_INVALID',
      `more than ${recordsMax} lines in an account file`,
    );
  }
  return all;
}

function parsePasswdLine(line: string, dialect: AssemblyDialect): PasswdEntry | undefined {
  const fields = trimmed(line).split(':');
  const [name = '', password = '', uid = '', gid = '', comment = '', home = '', shell = ''] =
    fields;
  const ids = { uid: idOf(uid, dialect), gid: idOf(gid, dialect) };
  if (fields.length !== 7 || ids.uid === undefined || ids.gid === undefined) return undefined;
  return { name, password, uid: ids.uid, gid: ids.gid, comment, home, shell };
}

function parseGroupLine(line: string, dialect: AssemblyDialect): GroupEntry | undefined {
  const fields = trimmed(line).split(':');
  const [name = '', password = '', gid = '', members = ''] = fields;
  const id = idOf(gid, dialect);
  if (fields.length !== 4 || id === undefined) return undefined;
  return { name, password, gid: id, members };
}

/** An id of 32 bits. Of any other number of 64 bits apko takes the lower half. */
function idOf(text: string, dialect: AssemblyDialect): number | undefined {
  if (dialect === 'apko' && /^[-+]?[0-9]+$/.test(text)) {
    const number = BigInt(text.replace('+', ''));
    return BigInt.asIntN(64, number) === number ? Number(BigInt.asUintN(32, number)) : undefined;
  }
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffff_ffff ? Number(text) : undefined;
}

function printPasswd(e: PasswdEntry): string {
  return `${[e.name, e.password, e.uid, e.gid, e.comment, e.home, e.shell].join(':')}\n`;
}

function malformed(file: string, line: string, fields: number): KilnError {
  const count = trimmed(line).split(':').length;
  return new KilnError(
    'ASSEMBLE_ACCOUNTS_INVALID',
    `malformed line in ${file}, contains ${count} parts, expecting ${fields}: "${shorten(line)}"`,
    { hint: 'correct the package that ships the file', details: { path: file } },
  );
}
