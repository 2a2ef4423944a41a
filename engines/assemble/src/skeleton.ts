import { assemblyError } from './failure.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { newDevice } from './node.ts';

const directories: readonly (readonly [string, number])[] = [
  ['tmp', 0o1777],
  ['dev', 0o755],
  ['etc', 0o755],
  ['opt', 0o755],
  ['proc', 0o555],
  ['var', 0o755],
  ['usr', 0o755],
  ['etc/apk', 0o755],
  ['etc/apk/keys', 0o755],
  ['usr/lib', 0o755],
  ['usr/lib/apk', 0o755],
  ['usr/lib/apk/db', 0o755],
  ['usr/lib/apk/exec', 0o755],
  ['var/cache', 0o755],
  ['var/cache/apk', 0o755],
  ['var/cache/misc', 0o755],
];

const devices: readonly (readonly [path: string, major: number, minor: number, mode: number])[] = [
  ['dev/zero', 1, 5, 0o666],
  ['dev/urandom', 1, 9, 0o666],
  ['dev/null', 1, 3, 0o666],
  ['dev/random', 1, 8, 0o666],
  ['dev/console', 5, 1, 0o620],
];

/** The directories that are there before any package. */
export function addSkeletonDirectories(tree: FileTree): void {
  for (const [path, mode] of directories) tree.mkdirAll(path, mode);
}

/** The empty apk database for an architecture. */
export function addEmptyDatabase(tree: FileTree, apkArch: string): void {
  tree.write('etc/apk/world', '\n');
  tree.write('etc/apk/repositories', '\n');
  tree.write('usr/lib/apk/db/lock', '', 0o600);
  tree.write('usr/lib/apk/db/triggers', '');
  tree.write('usr/lib/apk/db/installed', '');
  tree.write('etc/apk/arch', `${apkArch}\n`);
  tree.write('usr/lib/apk/db/scripts.tar', new Uint8Array(1024));
}

/** What `etc/apk` says of one system. */
export interface ApkSettings {
  readonly keys: readonly { readonly name: string; readonly pem: string }[];
  readonly world: readonly string[];
  readonly repositories: readonly string[];
}

/** Fills `etc/apk`. Throws as `addKeys`. */
export function addApkSettings(
  tree: FileTree,
  settings: ApkSettings,
  dialect: AssemblyDialect,
): void {
  addKeys(tree, settings.keys, dialect);
  tree.write('etc/apk/world', listText(settings.world));
  tree.write('etc/apk/repositories', listText(settings.repositories));
}

/** Throws `ASSEMBLE_KEY_INVALID` for a key that cannot be a file of `etc/apk/keys`, or in dialect `kiln` has no usual name. */
export function addKeys(tree: FileTree, keys: ApkSettings['keys'], dialect: AssemblyDialect): void {
  const usable =
    dialect === 'apko' ? /^(?!\.{0,2}$)[^/\0]+$/ : /^[a-zA-Z0-9_@+=-][a-zA-Z0-9_.@+=-]*$/;
  for (const { name, pem } of keys) {
    if (!usable.test(name)) {
      throw assemblyError('ASSEMBLE_KEY_INVALID', name, 'is not a file name for a key');
    }
    tree.write(`etc/apk/keys/${name}`, pem);
  }
}

/** One line each; an empty list is an empty line. */
export function listText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

/** The character devices every image has. */
export function addDevices(tree: FileTree): void {
  for (const [path, major, minor, mode] of devices)
    tree.put(path, newDevice(major, minor, { mode }));
}

/** Makes devices again that a package replaced or a mutation removed; they get no permissions, as apko gives none. */
export function restoreDevices(tree: FileTree): void {
  for (const [path, major, minor] of devices) {
    if (tree.entryAt(path) !== undefined) continue;
    tree.mkdirAll('dev', 0o755);
    tree.put(path, newDevice(major, minor, { mode: 0 }));
  }
}
