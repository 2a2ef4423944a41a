import { KilnError, shorten } from '@kiln/base';
import type { RecipeDialect } from '@kiln/recipe';
import type { TreeEntry } from './workspace.ts';

export type FileEntry = Extract<TreeEntry, { kind: 'file' }>;

/** A package's destination tree, read once; no content is held. */
export interface PackageTree {
  readonly packageName: string;
  /** Depth first, children bytewise by name. */
  readonly entries: readonly TreeEntry[];
  readonly byPath: ReadonlyMap<string, TreeEntry>;
}

/**
 * Takes the entries of a tree and refuses what a package cannot hold: sockets, fifos and devices, files at the root
 * whose name begins with a dot (clients would skip them), control characters in names, links that climb above the root.
 * The dialect `melange` takes what melange takes, in the state in which it comes out of its guest.
 * Throws `BUILD_TREE_REFUSED`, naming the package and the path.
 */
export async function collectTree(
  packageName: string,
  source: AsyncIterable<TreeEntry>,
  dialect: RecipeDialect = 'kiln',
): Promise<PackageTree> {
  const entries: TreeEntry[] = [];
  const files = new Map<string, FileEntry>();
  for await (const entry of source) {
    const problem = dialect === 'kiln' ? problemOf(entry) : melangeProblemOf(entry);
    if (problem !== undefined) throw refused(packageName, entry.path, problem);
    if (entry.kind === 'file') files.set(entry.path, entry);
    entries.push(dialect === 'kiln' ? entry : throughMelange(entry, files));
  }
  return makeTree(packageName, entries);
}

function melangeProblemOf(entry: TreeEntry): string | undefined {
  return entry.kind === 'special' && entry.what === 'socket'
    ? 'is a socket, which a package cannot hold'
    : undefined;
}

/**
 * An entry after melange's way from guest to package (packages.md, 0.8): hard links become files, directories lose their
 * owner, attributes and special bits, symbolic links their owner.
 */
function throughMelange(entry: TreeEntry, files: ReadonlyMap<string, FileEntry>): TreeEntry {
  switch (entry.kind) {
    case 'directory':
      return { ...entry, mode: entry.mode & 0o777, uid: 0, gid: 0, xattrs: new Map() };
    case 'symlink':
      return { ...entry, uid: 0, gid: 0, xattrs: new Map() };
    case 'hardlink': {
      const first = files.get(entry.target);
      return first === undefined ? entry : { ...first, path: entry.path };
    }
    case 'file':
    case 'special':
      return entry;
  }
}

export function makeTree(packageName: string, entries: readonly TreeEntry[]): PackageTree {
  return { packageName, entries, byPath: new Map(entries.map((entry) => [entry.path, entry])) };
}

export function refused(packageName: string, path: string, problem: string): KilnError {
  return new KilnError(
    'BUILD_TREE_REFUSED',
    `package "${packageName}": "${shorten(path, 200)}" ${problem}`,
  );
}

function problemOf(entry: TreeEntry): string | undefined {
  if (entry.kind === 'special') return `is a ${entry.what}, which a package cannot hold`;
  if (entry.path.startsWith('.'))
    return 'begins with a dot at the root of the package, where clients ignore it';
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u001f\u007f]/.test(entry.path)) return 'has a control character in its name';
  if (entry.kind === 'symlink' && climbs(entry.path, entry.target))
    return 'links above the root of the package';
  return undefined;
}

function climbs(path: string, target: string): boolean {
  let depth = target.startsWith('/') ? 0 : path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    depth += part === '..' ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

const hopsMax = 40;

export interface ResolveOptions {
  /** Where a link to `/…` leads: to the root of the tree, or out of it (to nothing). Default `inside`. */
  readonly absolute?: 'inside' | 'outside';
}

/** The file that a path means inside the tree, links followed; undefined when there is none. */
export function resolveFile(
  tree: PackageTree,
  path: string,
  options: ResolveOptions = {},
): FileEntry | undefined {
  const resolved = resolvePath(tree, path, options);
  return resolved === undefined ? undefined : fileAt(tree, resolved);
}

/** What of a tree is needed to follow links. */
export interface LinkedTree {
  readonly byPath: Pick<ReadonlyMap<string, TreeEntry>, 'get' | 'has'>;
}

/** The path of the entry that a path means inside the tree, links followed; undefined when there is none. */
export function resolvePath(
  tree: LinkedTree,
  path: string,
  options: ResolveOptions = {},
): string | undefined {
  let parts = path.split('/');
  for (let hops = 0; hops < hopsMax; hops++) {
    const link = firstLink(tree, parts);
    if (link === undefined) return tree.byPath.has(parts.join('/')) ? parts.join('/') : undefined;
    const absolute = link.target.startsWith('/');
    if (absolute && options.absolute === 'outside') return undefined;
    const base = absolute ? [] : parts.slice(0, link.length - 1);
    const joined = normalise([...base, ...link.target.split('/'), ...parts.slice(link.length)]);
    if (joined === undefined) return undefined;
    parts = joined;
  }
  return undefined;
}

const archiveHopsMax = 64;

/** The same in an archive as melange reads it: only links at the end of a path are followed, and none to `/…`. */
export function resolveInArchive(tree: PackageTree, path: string): string | undefined {
  let found: string = path;
  for (let hops = 0; hops <= archiveHopsMax; hops++) {
    const entry = tree.byPath.get(found);
    if (entry?.kind !== 'symlink') return entry?.path;
    if (entry.target.startsWith('/')) return undefined;
    const parts = normalise([...directoryOf(found).split('/'), ...entry.target.split('/')]);
    if (parts === undefined) return undefined;
    found = parts.join('/');
  }
  return undefined;
}

function firstLink(
  tree: LinkedTree,
  parts: readonly string[],
): { length: number; target: string } | undefined {
  for (let length = 1; length <= parts.length; length++) {
    const entry = tree.byPath.get(parts.slice(0, length).join('/'));
    if (entry?.kind === 'symlink') return { length, target: entry.target };
  }
  return undefined;
}

/** The names of a path without `.` and `..`; undefined where it leads above its beginning. */
export function normalise(parts: readonly string[]): string[] | undefined {
  const result: string[] = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part !== '..') result.push(part);
    else if (result.pop() === undefined) return undefined;
  }
  return result;
}

/** The file of an entry, hard links followed; undefined for everything else. */
export function fileAt(tree: PackageTree, path: string): FileEntry | undefined {
  const entry = tree.byPath.get(path);
  if (entry?.kind === 'file') return entry;
  if (entry?.kind !== 'hardlink') return undefined;
  const first = tree.byPath.get(entry.target);
  return first?.kind === 'file' ? first : undefined;
}

/** The directory part of a path, "" at the root. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** A path below the root without empty parts, `.` and `..`; one that climbs above the root is none. */
export function cleanPath(path: string): string {
  return normalise(path.split('/'))?.join('/') ?? '';
}

/** The last part of a path as somebody wrote it: slashes behind it do not count, and nothing but slashes is `/`. */
export function lastPartOf(path: string): string {
  return baseNameOf(path.replace(/(?<=.)\/+$/, '')) || '/';
}

export function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Installed size: bytes of files (each link to one counts), lengths of symbolic links, and 4096 for each directory, the
 * root included, since what a directory really takes depends on the host.
 */
export function installedSizeOf(tree: PackageTree): number {
  let size = 4096;
  for (const entry of tree.entries) {
    if (entry.kind === 'directory') size += 4096;
    else if (entry.kind === 'symlink') size += Buffer.byteLength(entry.target);
    else if (entry.kind === 'file') size += entry.sizeBytes;
    else if (entry.kind === 'hardlink') size += fileAt(tree, entry.path)?.sizeBytes ?? 0;
  }
  return size;
}
