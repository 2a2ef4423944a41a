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

/** The member of a package that a node came from; without an owner it came from none, and the index means nothing. */
interface Origin {
  readonly owner: PackageContents | undefined;
  readonly index: number;
}

export interface FileNode extends NodeFacts, Origin {
  readonly type: 'file';
  /** What was written, in parts that are compressed for themselves; undefined while the content is the package's. */
  bytes: readonly Uint8Array[] | undefined;
  sizeBytes: number;
}

export interface SymlinkNode extends NodeFacts, Origin {
  readonly type: 'symlink';
  readonly target: string;
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
  sizeBytes,
  owner,
  index,
  bytes,
}: NewFacts & Origin & Pick<FileNode, 'bytes' | 'sizeBytes'>): FileNode {
  const xattrs = noXattrs;
  return { type: 'file', mode, uid, gid, mtimeSeconds, xattrs, sizeBytes, owner, index, bytes };
}

export function newSymlink(
  target: string,
  { mode, uid = 0, gid = 0, mtimeSeconds = 0, owner, index = 0 }: NewFacts & Partial<Origin> = {
    mode: 0o777,
  },
): SymlinkNode {
  const xattrs = noXattrs;
  return { type: 'symlink', mode, uid, gid, mtimeSeconds, xattrs, target, owner, index };
}

export function newDevice(
  major: number,
  minor: number,
  { mode, uid = 0, gid = 0, mtimeSeconds = 0 }: NewFacts,
): DeviceNode {
  return { type: 'char', mode, uid, gid, mtimeSeconds, xattrs: noXattrs, major, minor };
}

/** The package whose file this is as it came; undefined for what is no file, or was written. */
export function shipperOf(node: TreeNode): PackageContents | undefined {
  return node.type === 'file' && node.bytes === undefined ? node.owner : undefined;
}
