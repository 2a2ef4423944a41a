import type { PackageContents } from './package-contents.ts';

/** What all nodes of a tree have. Builders change nodes; readers treat them as values. */
interface NodeFacts {
  /** Low twelve bits. */
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  /** By name, without the prefix of the tar record. */
  xattrs: Map<string, Uint8Array>;
}

export interface DirectoryNode extends NodeFacts {
  readonly type: 'directory';
  readonly children: Map<string, TreeNode>;
}

/** Where the bytes of a file are: at hand, in parts that are compressed for themselves, or in a package. */
export type FileContent =
  | { readonly kind: 'bytes'; readonly parts: readonly Uint8Array[] }
  | { readonly kind: 'member'; readonly package: PackageContents; readonly index: number };

/** The member of a package that a node came from, and the checksum it recorded. */
export interface Backing {
  readonly package: PackageContents;
  readonly index: number;
  readonly sha1Hex: string;
}

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

function facts({ mode, uid = 0, gid = 0, mtimeSeconds = 0 }: NewFacts): NodeFacts {
  return { mode, uid, gid, mtimeSeconds, xattrs: new Map() };
}

export function newDirectory(options: NewFacts): DirectoryNode {
  return { type: 'directory', ...facts(options), children: new Map() };
}

export function newFile(
  options: NewFacts & {
    readonly content: FileContent;
    readonly sizeBytes: number;
    readonly backing?: Backing;
  },
): FileNode {
  const { content, sizeBytes, backing } = options;
  return { type: 'file', ...facts(options), content, sizeBytes, backing };
}

export function newSymlink(
  target: string,
  options: NewFacts & { readonly backing?: Backing } = { mode: 0o777 },
): SymlinkNode {
  return { type: 'symlink', ...facts(options), target, backing: options.backing };
}

export function newDevice(major: number, minor: number, options: NewFacts): DeviceNode {
  return { type: 'char', ...facts(options), major, minor };
}
