import type { PackageContents } from './package-contents.ts';

/** What all nodes of a tree have. Builders change nodes; readers treat them as values. */
interface NodeFacts {
  /** Low twelve bits. */
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  /** By name, without the prefix of the tar record. */
  xattrs: ReadonlyMap<string, Uint8Array>;
}

export interface DirectoryNode extends NodeFacts {
  readonly type: 'directory';
  readonly children: Map<string, TreeNode>;
}

/** The member of a package that a node came from, and its content. */
export interface Backing {
  readonly kind: 'member';
  readonly package: PackageContents;
  readonly index: number;
}

/** Where the bytes of a file are: at hand, in parts that are compressed for themselves, or in a package. */
export type FileContent =
  | { readonly kind: 'bytes'; readonly parts: readonly Uint8Array[] }
  | Backing;

export interface FileNode extends NodeFacts {
  readonly type: 'file';
  content: FileContent;
  sizeBytes: number;
  backing: Backing | undefined;
}

export interface SymlinkNode extends NodeFacts {
  readonly type: 'symlink';
  readonly target: string;
  readonly backing: Backing | undefined;
}

export interface DeviceNode extends NodeFacts {
  readonly type: 'char';
  readonly major: number;
  readonly minor: number;
}

export type TreeNode = DirectoryNode | FileNode | SymlinkNode | DeviceNode;

interface NewFacts {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtimeSeconds?: number;
}

/** Those of almost all nodes, of which a tree may have very many. */
const noXattrs: NodeFacts['xattrs'] = new Map();

/** In one literal, as all of these are: an object that is put together of others takes much more memory. */
export function newDirectory({
  mode,
  uid = 0,
  gid = 0,
  mtimeSeconds = 0,
}: NewFacts): DirectoryNode {
  const children = new Map<string, TreeNode>();
  return { type: 'directory', mode, uid, gid, mtimeSeconds, xattrs: noXattrs, children };
}

export function newFile({
  mode,
  uid = 0,
  gid = 0,
  mtimeSeconds = 0,
  content,
  sizeBytes,
  backing,
}: NewFacts & {
  readonly content: FileContent;
  readonly sizeBytes: number;
  readonly backing?: Backing;
}): FileNode {
  const xattrs = noXattrs;
  return { type: 'file', mode, uid, gid, mtimeSeconds, xattrs, content, sizeBytes, backing };
}

export function newSymlink(
  target: string,
  {
    mode,
    uid = 0,
    gid = 0,
    mtimeSeconds = 0,
    backing,
  }: NewFacts & { readonly backing?: Backing } = { mode: 0o777 },
): SymlinkNode {
  return { type: 'symlink', mode, uid, gid, mtimeSeconds, xattrs: noXattrs, target, backing };
}

export function newDevice(
  major: number,
  minor: number,
  { mode, uid = 0, gid = 0, mtimeSeconds = 0 }: NewFacts,
): DeviceNode {
  return { type: 'char', mode, uid, gid, mtimeSeconds, xattrs: noXattrs, major, minor };
}
