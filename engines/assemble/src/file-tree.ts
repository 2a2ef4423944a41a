import { compareBytes } from '@kiln/base';
import { assemblyError } from './failure.ts';
import { newDirectory, newFile } from './node.ts';
import type { DirectoryNode, FileNode, TreeNode } from './node.ts';
import { clean, kernelRules } from './path-rules.ts';
import type { PathRules, Walk } from './path-rules.ts';

const nodesMax = 4_000_000;
const nameBytesMax = 255;

/**
 * A file system in memory: what an image or a build environment will hold. Paths may begin with a slash; symbolic links
 * are followed inside the tree only, an absolute target begins at its root. How else paths are read is a matter of rules; by
 * default it is a kernel's, and `..` stops at the root. Throws `ASSEMBLE_PATH_INVALID` for a path that runs through something that is no directory or over 40 links.
 */
export class FileTree {
  readonly #rules: PathRules;
  #root: DirectoryNode = newDirectory({ mode: 0o755 });
  /** Paths that packages recorded as hard links, with the target as recorded. */
  readonly hardlinks: Map<string, string> = new Map();
  #nodes = 0;
  /** What has, or had, several names. */
  #linked = new Set<TreeNode>();
  /** The nodes that are of this tree alone; undefined when all are. */
  #own: Set<TreeNode> | undefined;
  /** The directory that a path led to last, while no other can have come into its way: packages name one file after another in it. */
  #walked: { readonly path: string; readonly walk: Walk } | undefined;

  constructor(rules: PathRules = kernelRules) {
    this.#rules = rules;
  }

  get root(): DirectoryNode {
    return this.#root;
  }

  /**
   * A tree with the same content that may be changed without changing this one, which must stay as it is from now on. Nodes
   * are shared until they change: what is the same node in both is the same.
   */
  fork(): FileTree {
    const fork = new FileTree(this.#rules);
    fork.#root = this.#root;
    fork.#nodes = this.#nodes;
    fork.#own = new Set();
    fork.#linked = new Set(this.#linked);
    for (const [path, target] of this.hardlinks) fork.hardlinks.set(path, target);
    return fork;
  }

  /** What is at a path, links followed to the end; undefined when there is nothing. */
  at(path: string): TreeNode | undefined {
    const walk = this.#walk(path);
    return walk.kind === 'found' ? walk.node : undefined;
  }

  /** What is at a path, a link in its last component not followed; undefined when there is nothing. */
  entryAt(path: string): TreeNode | undefined {
    if (clean(path) === '') return this.root;
    const { parent, name } = this.#rules.place(path);
    const directory = this.#walk(parent);
    if (directory.kind === 'missing') return undefined;
    if (directory.node.type === 'directory') return directory.node.children.get(name);
    throw assemblyError('ASSEMBLE_PATH_INVALID', path, `its parent is a ${directory.node.type}`);
  }

  /** The path with all links in it followed; undefined when there is nothing. */
  realPath(path: string): string | undefined {
    const walk = this.#walk(path);
    return walk.kind === 'found' ? walk.path : undefined;
  }

  /** What is at a path, links followed, to be changed; undefined when there is nothing. Files of several names stay one. */
  edit(path: string): TreeNode | undefined {
    const walk = this.#walk(path);
    return walk.kind === 'found' ? this.#owned(walk.path, walk.node) : undefined;
  }

  /** The directory at a path with what is missing made; all new directories get this mode. */
  mkdirAll(
    path: string,
    mode: number,
    owner: { readonly uid: number; readonly gid: number } = { uid: 0, gid: 0 },
  ): DirectoryNode {
    for (;;) {
      const walk = this.#rules.walkToMake(this.root, path);
      if (walk.kind === 'found') {
        const node = this.#owned(walk.path, walk.node);
        if (node.type === 'directory') return node;
        throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'path is not a directory');
      }
      const { parent, parentPath, name } = walk;
      const node = newDirectory({ mode, ...owner });
      this.#own?.add(node);
      this.#add(parent, { parentPath, name, node, path });
    }
  }

  /** The directory that a path's last component is to be in, made as by `mkdirAll`. */
  mkdirAbove(path: string, mode: number): DirectoryNode {
    return this.mkdirAll(this.#rules.place(path).parent, mode);
  }

  /** Puts a node under a path whose parent exists, in place of what is there. */
  put(path: string, node: TreeNode): void {
    const { parent, parentPath, name } = this.#place(path);
    this.#add(parent, { parentPath, name, node, path });
    if (this.hardlinks.size > 0) this.hardlinks.delete(clean(path));
  }

  /** Gives a node of this tree a further name, as `put`. */
  link(path: string, node: TreeNode): void {
    this.#linked.add(node);
    this.put(path, node);
  }

  /** Whether a node may have several names: one without has only one. */
  mayHaveNames(node: TreeNode): boolean {
    return this.#linked.has(node);
  }

  /** Removes what is under a path; nothing when there is nothing. */
  remove(path: string): void {
    const { parent, parentPath, name } = this.#place(path);
    this.#walked = undefined;
    this.#ownParent(parent, parentPath).children.delete(name);
    this.hardlinks.delete(clean(path));
  }

  /** The directory that a path's last component is in. */
  parentOf(path: string): DirectoryNode {
    return this.#place(path).parent;
  }

  /** Writes a file. An existing one keeps mode, owner and time and belongs to no package any more. */
  write(path: string, bytes: WrittenContent, mode = 0o644): FileNode {
    const parts = partsOf(bytes);
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    const walk = this.#rules.walkToWrite(this.root, path);
    if (walk.kind === 'found') {
      const existing = this.#owned(walk.path, walk.node);
      if (existing.type !== 'file')
        throw assemblyError('ASSEMBLE_PATH_INVALID', path, `is a ${existing.type}, not a file`);
      existing.bytes = parts;
      existing.sizeBytes = sizeBytes;
      return existing;
    }
    if (!walk.isLast) throw missingParent(path);
    const file = newFile({ mode, sizeBytes, owner: undefined, index: 0, bytes: parts });
    this.#own?.add(file);
    const { parent, parentPath, name } = walk;
    this.#add(parent, { parentPath, name, node: file, path });
    return file;
  }

  /**
   * Every node, each directory before its children, children in byte order; the root is left out. Throws
   * `ASSEMBLE_TOO_LARGE` where directories of several names make too many paths.
   */
  *nodes(): Generator<NamedNode> {
    let count = 0;
    for (const one of nodesBelow(this.root, '')) {
      count += 1;
      if (count > nodesMax) {
        const path = `${one.folder}${one.name}`;
        throw assemblyError('ASSEMBLE_TOO_LARGE', path, `more than ${nodesMax} entries`);
      }
      yield one;
    }
  }

  #place(path: string): { parent: DirectoryNode; parentPath: string; name: string } {
    const { parent, name } = this.#rules.place(path);
    const walk = this.#walk(parent);
    if (walk.kind === 'missing') throw missingParent(path);
    if (walk.node.type !== 'directory') {
      throw assemblyError('ASSEMBLE_PATH_INVALID', path, `its parent is a ${walk.node.type}`);
    }
    return { parent: walk.node, parentPath: walk.path, name };
  }

  #walk(path: string): Walk {
    if (this.#walked?.path === path) return this.#walked.walk;
    const walk = this.#rules.walk(this.root, path);
    if (walk.kind === 'found' && walk.node.type === 'directory') this.#walked = { path, walk };
    return walk;
  }

  #ownParent(parent: DirectoryNode, path: string): DirectoryNode {
    return this.#own === undefined || this.#own.has(parent) ? parent : this.#ownDirectory(path);
  }

  /** The directory at a path without links, of this tree alone, with those above it. */
  #ownDirectory(path: string): DirectoryNode {
    this.#walked = undefined;
    this.#root = this.#copied(this.#root);
    let directory = this.#root;
    for (const name of path === '' ? [] : path.split('/')) {
      const child = directory.children.get(name);
      if (child?.type !== 'directory') throw new Error(`assertion failed: ${path} is no directory`);
      const own = this.#copied(child);
      directory.children.set(name, own);
      directory = own;
    }
    return directory;
  }

  #copied(directory: DirectoryNode): DirectoryNode {
    if (this.#own === undefined || this.#own.has(directory)) return directory;
    const own = {
      ...directory,
      children: new Map(directory.children),
    };
    this.#own.add(own);
    return own;
  }

  /** A node of this tree alone in place of one that is shared, under all its names. */
  #owned(path: string, node: TreeNode): TreeNode {
    if (this.#own === undefined || this.#own.has(node)) return node;
    if (node.type === 'directory') return this.#ownDirectory(path);
    const own: TreeNode = { ...node };
    this.#own.add(own);
    if (this.#linked.has(node)) this.#linked.add(own);
    for (const name of this.#namesOf(node, path)) {
      const slash = name.lastIndexOf('/');
      this.#ownDirectory(name.slice(0, Math.max(slash, 0))).children.set(
        name.slice(slash + 1),
        own,
      );
    }
    return own;
  }

  #namesOf(node: TreeNode, path: string): readonly string[] {
    if (!this.#linked.has(node)) return [path];
    return [...this.nodes()].flatMap((one) =>
      one.node === node ? [`${one.folder}${one.name}`] : [],
    );
  }

  #add(
    parent: DirectoryNode,
    {
      parentPath,
      name,
      node,
      path,
    }: {
      readonly parentPath: string;
      readonly name: string;
      readonly node: TreeNode;
      readonly path: string;
    },
  ): void {
    // What apko puts at the root itself is never seen.
    if (name === '/') return;
    if (Buffer.byteLength(name) > nameBytesMax)
      throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'a name is too long');
    this.#nodes += 1;
    if (this.#nodes > nodesMax)
      throw assemblyError('ASSEMBLE_TOO_LARGE', path, `more than ${nodesMax} entries`);
    const { children } = this.#ownParent(parent, parentPath);
    if (node.type !== 'file' || children.has(name)) this.#walked = undefined;
    children.set(name, node);
  }
}

/** The bytes of a file, whole or in parts that are the same in other images; a text is written in UTF-8. */
export type WrittenContent = Uint8Array | string | readonly Uint8Array[];

function partsOf(written: WrittenContent): readonly Uint8Array[] {
  if (typeof written === 'string') return [new TextEncoder().encode(written)];
  return written instanceof Uint8Array ? [written] : written;
}

/** A node of a tree under one of its paths. */
export interface NamedNode {
  /** The path of the directory that it is in, with a slash behind it; "" at the root. */
  readonly folder: string;
  readonly name: string;
  readonly node: TreeNode;
}

function* nodesBelow(directory: DirectoryNode, folder: string): Generator<NamedNode> {
  for (const name of [...directory.children.keys()].sort(compareBytes)) {
    const node = directory.children.get(name);
    if (node === undefined) continue;
    yield { folder, name, node };
    if (node.type === 'directory') yield* nodesBelow(node, `${folder}${name}/`);
  }
}

function missingParent(path: string): Error {
  return assemblyError('ASSEMBLE_PATH_INVALID', path, 'its parent directory does not exist');
}
