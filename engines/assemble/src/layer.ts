import { writeTar } from '@kiln/tar';
import type { TarEntry, TarMember } from '@kiln/tar';
import { ownerNames } from './accounts.ts';
import { contentOf } from './content.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import type { FileNode, TreeNode } from './node.ts';

/** A tree that is complete, and by whose rules it was made. */
export interface FinishedTree {
  readonly tree: FileTree;
  readonly dialect: AssemblyDialect;
}

/** One entry of a finished tree; `open` starts its content anew each time. */
export interface OrderedEntry {
  readonly entry: TarEntry;
  readonly node: TreeNode;
  /** Where the host has the very file. */
  readonly file: string | undefined;
  /** The content, where it is at hand in parts that are compressed for themselves. */
  readonly parts?: readonly Uint8Array[] | undefined;
  open(): AsyncIterable<Uint8Array> | Uint8Array;
}

/** Names would tie a layer to the accounts of one image. */
const nobody = { users: new Map<number, string>(), groups: new Map<number, string>() };

/**
 * The entries in the order of a layer: depth first, the children of a directory in byte order. A further name of a file is a
 * hard link to its first one; dialect `apko` makes it one only where a package recorded it, with the recorded target.
 */
export async function* treeEntries({ tree, dialect }: FinishedTree): AsyncGenerator<OrderedEntry> {
  const { users, groups } = dialect === 'apko' ? await ownerNames(tree, dialect) : nobody;
  const firstPaths = new Map<TreeNode, string>();
  for (const { path, node } of tree.nodes()) {
    const first = firstPaths.get(node);
    if (first === undefined && node.type !== 'directory') firstPaths.set(node, path);
    const target = dialect === 'apko' ? tree.hardlinks.get(path) : first;
    const names = { userName: users.get(node.uid) ?? '', groupName: groups.get(node.gid) ?? '' };
    yield orderedEntry({ ...entryOf(path, node, target), ...names }, node);
  }
}

/** The entry of a node under its only name, or its first one, in dialect `kiln`. */
export function singleEntry(path: string, node: TreeNode): OrderedEntry {
  return orderedEntry(entryOf(path, node, undefined), node);
}

function orderedEntry(entry: TarEntry, node: TreeNode): OrderedEntry {
  const file = node.type === 'file' && entry.type === 'file' ? node : undefined;
  const parts = file?.content.kind === 'bytes' ? file.content.parts : [];
  return {
    entry,
    node,
    file: file === undefined ? undefined : hostFileOf(file),
    parts: parts.length > 1 ? parts : undefined,
    open: () => (file === undefined ? new Uint8Array(0) : contentOf(file)),
  };
}

/** A member that is a file of the host already, which may be linked to in place of reading the content. */
export interface TreeMember extends TarMember {
  readonly file: string | undefined;
}

/** The entries as members of an archive, each read at most once: what writes an environment to a directory wants. */
export async function* treeMembers(finished: FinishedTree): AsyncGenerator<TreeMember> {
  for await (const { entry, file, open } of treeEntries(finished))
    yield { entry, file, content: open() };
}

/** The uncompressed layer: ustar with PAX where needed, two zero blocks at the end. Content is streamed. */
export function layerTar(finished: FinishedTree): AsyncIterable<Uint8Array> {
  return writeTar(treeMembers(finished));
}

function entryOf(path: string, node: TreeNode, hardlinkTarget: string | undefined): TarEntry {
  const hardlink = hardlinkTarget !== undefined;
  return {
    path,
    type: hardlink ? 'hardlink' : node.type,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    userName: '',
    groupName: '',
    sizeBytes: node.type === 'file' && !hardlink ? sizeOf(node) : 0,
    mtimeSeconds: node.mtimeSeconds,
    linkTarget: hardlink ? hardlinkTarget : node.type === 'symlink' ? node.target : '',
    deviceMajor: node.type === 'char' && !hardlink ? node.major : 0,
    deviceMinor: node.type === 'char' && !hardlink ? node.minor : 0,
    pax: hardlink ? new Map() : xattrRecords(node),
  };
}

/** A file that was given another mode or time is not the package's any more. */
function hostFileOf({ content, mode, mtimeSeconds }: FileNode): string | undefined {
  if (content.kind === 'bytes') return undefined;
  const entry = content.package.members[content.index]?.entry;
  if (entry?.mode !== mode || entry.mtimeSeconds !== mtimeSeconds) return undefined;
  return content.package.file?.(content.index);
}

function sizeOf({ sizeBytes }: FileNode): number {
  return sizeBytes;
}

function xattrRecords(node: TreeNode): ReadonlyMap<string, Uint8Array> {
  if (node.type !== 'file' && node.type !== 'directory') return new Map();
  return new Map([...node.xattrs].map(([name, value]) => [`SCHILY.xattr.${name}`, value]));
}
