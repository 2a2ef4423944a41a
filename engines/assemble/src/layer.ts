import { writeTar } from '@kiln/tar';
import type { TarEntry, TarMember } from '@kiln/tar';
import { ownerNames } from './accounts.ts';
import { contentOf } from './content.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { shipperOf } from './node.ts';
import type { FileNode, TreeNode } from './node.ts';

/** A tree that is complete, and by whose rules it was made. */
export interface FinishedTree {
  readonly tree: FileTree;
  readonly dialect: AssemblyDialect;
}

/**
 * One entry of a finished tree. What its header says is put together each time it is asked for, since a tree may have very
 * many of them.
 */
export class OrderedEntry {
  readonly node: TreeNode;
  readonly #name: string;
  readonly #place: Place;
  readonly #more: HeaderFacts;

  constructor(name: string, node: TreeNode, place: Place, more: HeaderFacts = plain) {
    this.node = node;
    this.#name = name;
    this.#place = place;
    this.#more = more;
  }

  get path(): string {
    return `${this.#place.folder}${this.#name}`;
  }

  /** The directory that it is in; undefined at the root, and where the tree was not walked. */
  get parent(): OrderedEntry | undefined {
    return this.#place.parent;
  }

  get type(): TarEntry['type'] {
    return this.#more.target === undefined ? this.node.type : 'hardlink';
  }

  /** Of the content. */
  get sizeBytes(): number {
    const { node } = this;
    return node.type === 'file' && this.#more.target === undefined ? node.sizeBytes : 0;
  }

  get mtimeSeconds(): number {
    return this.#more.mtimeSeconds ?? this.node.mtimeSeconds;
  }

  get entry(): TarEntry {
    const { node } = this;
    const isLink = this.#more.target !== undefined;
    const { users, groups } = this.#place.owners;
    return {
      path: this.path,
      type: this.type,
      mode: node.mode,
      uid: node.uid,
      gid: node.gid,
      userName: users.get(node.uid) ?? '',
      groupName: groups.get(node.gid) ?? '',
      sizeBytes: this.sizeBytes,
      mtimeSeconds: this.mtimeSeconds,
      linkTarget: this.#more.target ?? (node.type === 'symlink' ? node.target : ''),
      deviceMajor: node.type === 'char' ? node.major : 0,
      deviceMinor: node.type === 'char' ? node.minor : 0,
      pax: isLink ? noRecords : xattrRecords(node),
    };
  }

  /** Where the host has the very file. */
  get file(): string | undefined {
    const file = this.#file();
    return file && hostFileOf(file);
  }

  /** The content, where it is at hand in parts that are compressed for themselves. */
  get parts(): readonly Uint8Array[] | undefined {
    const parts = this.#file()?.bytes;
    return parts !== undefined && parts.length > 1 ? parts : undefined;
  }

  /** The content, anew each time. */
  open(): AsyncIterable<Uint8Array> | Uint8Array {
    const file = this.#file();
    return file === undefined ? new Uint8Array(0) : contentOf(file);
  }

  /** The same at another time. */
  at(mtimeSeconds: number): OrderedEntry {
    const more = { ...this.#more, mtimeSeconds };
    return new OrderedEntry(this.#name, this.node, this.#place, more);
  }

  /** Another node under the same name. */
  as(node: TreeNode): OrderedEntry {
    return new OrderedEntry(this.#name, node, this.#place);
  }

  #file(): FileNode | undefined {
    return this.node.type === 'file' && this.#more.target === undefined ? this.node : undefined;
  }
}

/** What the entries of a directory have in common. */
interface Place {
  /** Its path and a slash; "" at the root. */
  readonly folder: string;
  readonly parent: OrderedEntry | undefined;
  readonly owners: OwnerNames;
}

/** What a header says that the node does not. */
interface HeaderFacts {
  /** Another name of the node, which this one is a hard link to. */
  readonly target?: string | undefined;
  readonly mtimeSeconds?: number;
}

interface OwnerNames {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

const plain: HeaderFacts = {};
const noRecords: TarEntry['pax'] = new Map();
/** Names would tie a layer to the accounts of one image. */
const nobody: OwnerNames = { users: new Map(), groups: new Map() };

/**
 * The entries in the order of a layer: depth first, the children of a directory in byte order. A further name of a file is a
 * hard link to its first one; dialect `apko` makes it one only where a package recorded it, with the recorded target.
 */
export async function* treeEntries({ tree, dialect }: FinishedTree): AsyncGenerator<OrderedEntry> {
  const owners = dialect === 'apko' ? await ownerNames(tree, dialect) : nobody;
  const firstPaths = new Map<TreeNode, string>();
  const targetOf = (path: string, node: TreeNode): string | undefined => {
    if (dialect === 'apko') return tree.hardlinks.get(path);
    if (node.type === 'directory' || !tree.mayHaveNames(node)) return undefined;
    const first = firstPaths.get(node);
    if (first === undefined) firstPaths.set(node, path);
    return first;
  };
  const above: Place[] = [];
  let place: Place = { folder: '', parent: undefined, owners };
  for (const { folder, name, node } of tree.nodes()) {
    while (place.folder !== folder) place = above.pop() ?? place;
    const target = targetOf(`${folder}${name}`, node);
    const one = new OrderedEntry(name, node, place, target === undefined ? plain : { target });
    yield one;
    if (node.type !== 'directory') continue;
    above.push(place);
    place = { folder: `${folder}${name}/`, parent: one, owners };
  }
}

/** The entry of a node under its only name, or its first one, in dialect `kiln`. */
export function singleEntry(path: string, node: TreeNode): OrderedEntry {
  return new OrderedEntry(path, node, { folder: '', parent: undefined, owners: nobody });
}

/** A member that is a file of the host already, which may be linked to in place of reading the content. */
export interface TreeMember extends TarMember {
  readonly file: string | undefined;
}

/** The entries as members of an archive, each read at most once: what writes an environment to a directory wants. */
export async function* treeMembers(finished: FinishedTree): AsyncGenerator<TreeMember> {
  for await (const one of treeEntries(finished))
    yield { entry: one.entry, file: one.file, content: one.open() };
}

/** The uncompressed layer: ustar with PAX where needed, two zero blocks at the end. Content is streamed. */
export function layerTar(finished: FinishedTree): AsyncIterable<Uint8Array> {
  return writeTar(treeMembers(finished));
}

/** A file that was given another mode or time is not the package's any more. */
function hostFileOf(file: FileNode): string | undefined {
  const shipper = shipperOf(file);
  const entry = shipper?.members.at(file.index)?.entry;
  if (entry?.mode !== file.mode || entry.mtimeSeconds !== file.mtimeSeconds) return undefined;
  return shipper?.file?.(file.index);
}

function xattrRecords(node: TreeNode): ReadonlyMap<string, Uint8Array> {
  if ((node.type !== 'file' && node.type !== 'directory') || node.xattrs.size === 0)
    return noRecords;
  return new Map([...node.xattrs].map(([name, value]) => [`SCHILY.xattr.${name}`, value]));
}
