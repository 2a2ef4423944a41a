import { createHash } from 'node:crypto';
import { KilnError, collect, shorten } from '@kiln/base';
import type { DataFile } from '@kiln/apk';
import { compareWalk } from '@kiln/apk';
import type { TarMember } from '@kiln/tar';
import { directoryEntry, fileEntry, hardlinkEntry, symlinkEntry } from '@kiln/tar';
import { isMergedDirectory, relocate, relocateTarget } from './relocate.ts';

const bytesMax = 2 ** 31;

interface FileNode {
  readonly kind: 'file';
  readonly mode: number;
  readonly content: Uint8Array;
}

type Node =
  | FileNode
  | { readonly kind: 'directory'; readonly mode: number; readonly owner: number }
  | { readonly kind: 'symlink'; readonly target: string };

/** The files of one package of the seed, in memory: the largest Debian package of a toolchain has some 100 MB. */
export class PackageTree {
  readonly #nodes: Map<string, Node> = new Map();
  #bytes = 0;

  /**
   * Takes the members of a Debian package, moved under `usr`. Devices are left out; owners become root and set-user
   * and set-group bits go, since nothing in a build runs with the ids they are about.
   * Throws `SEED_DEB_INVALID` for hard links to nothing and two kinds of thing at one path, `SEED_DEB_TOO_LARGE`.
   */
  async addDeb(members: AsyncIterable<TarMember>): Promise<void> {
    for await (const { entry, content } of members) {
      if (isMergedDirectory(entry.path) && entry.type === 'symlink') continue;
      const path = relocate(entry.path);
      const mode = entry.mode & 0o1777;
      if (entry.type === 'directory') this.#addDirectory(path, mode);
      else if (entry.type === 'symlink') {
        this.#set(path, { kind: 'symlink', target: relocateTarget(entry.path, entry.linkTarget) });
      } else if (entry.type === 'hardlink')
        this.#set(path, this.#fileAt(relocate(entry.linkTarget)));
      else if (entry.type === 'file') {
        this.#set(path, { kind: 'file', mode, content: await this.#read(content) });
      }
    }
  }

  addDirectory(path: string, options: { mode: number; owner?: number }): void {
    this.#nodes.set(path, { kind: 'directory', mode: options.mode, owner: options.owner ?? 0 });
  }

  addFile(path: string, content: Uint8Array): void {
    this.#nodes.set(path, { kind: 'file', mode: 0o644, content });
  }

  /** Replaces what is there. */
  addLink(path: string, target: string): void {
    this.#nodes.set(path, { kind: 'symlink', target });
  }

  /** Removes a path and all below it. */
  drop(path: string): void {
    for (const known of this.#nodes.keys()) {
      if (known === path || known.startsWith(`${path}/`)) this.#nodes.delete(known);
    }
  }

  /** Files by path, for whoever wants to look into them. */
  *files(): Generator<{ path: string; content: Uint8Array }> {
    for (const [path, node] of this.#nodes) {
      if (node.kind === 'file') yield { path, content: node.content };
    }
  }

  /** File bytes, link targets, 4096 for each directory with the root: independent of any disk. */
  installedSizeBytes(): number {
    let size = 4096;
    for (const { entry } of this.dataFiles(0)) {
      size += entry.type === 'directory' ? 4096 : entry.sizeBytes;
      if (entry.type === 'symlink') size += Buffer.byteLength(entry.linkTarget);
    }
    return size;
  }

  /** Everything in the order of a data segment, missing parents included, all with one time. */
  *dataFiles(mtimeSeconds: number): Generator<DataFile> {
    const first = new Map<Node, string>();
    for (const path of this.#pathsWithParents()) {
      const node = this.#nodes.get(path) ?? { kind: 'directory', mode: 0o755, owner: 0 };
      const before = node.kind === 'file' ? first.get(node) : undefined;
      if (!first.has(node)) first.set(node, path);
      yield dataFile(path, node, { before, mtimeSeconds });
    }
  }

  #pathsWithParents(): string[] {
    const paths = new Set<string>();
    for (const path of this.#nodes.keys()) {
      for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
        paths.add(path.slice(0, at));
      }
      paths.add(path);
    }
    return [...paths].sort(compareWalk);
  }

  #addDirectory(path: string, mode: number): void {
    const old = this.#nodes.get(path);
    if (old === undefined) this.#nodes.set(path, { kind: 'directory', mode, owner: 0 });
    else if (old.kind !== 'directory') throw invalid(path, 'is a directory and something else');
  }

  #set(path: string, node: Node): void {
    if (this.#nodes.has(path)) throw invalid(path, 'occurs twice');
    this.#nodes.set(path, node);
  }

  #fileAt(path: string): FileNode {
    const node = this.#nodes.get(path);
    if (node?.kind !== 'file') throw invalid(path, 'has a hard link but is no earlier file');
    return node;
  }

  async #read(content: TarMember['content']): Promise<Uint8Array> {
    const left = bytesMax - this.#bytes;
    const bytes =
      content instanceof Uint8Array ? content : await collect(content, left, () => tooLarge());
    this.#bytes += bytes.length;
    return bytes;
  }
}

function dataFile(
  path: string,
  node: Node,
  options: { readonly before: string | undefined; readonly mtimeSeconds: number },
): DataFile {
  const { before, mtimeSeconds } = options;
  switch (node.kind) {
    case 'directory': {
      const name = node.owner === 0 ? 'root' : 'build';
      const owner = { uid: node.owner, gid: node.owner, userName: name, groupName: name };
      return {
        entry: directoryEntry(path, { mode: node.mode, mtimeSeconds, ...owner }),
        open: empty,
      };
    }
    case 'symlink':
      return { entry: symlinkEntry(path, node.target, { mtimeSeconds }), open: empty };
    case 'file': {
      const facts = { mode: node.mode, mtimeSeconds };
      if (before !== undefined) return { entry: hardlinkEntry(path, before, facts), open: empty };
      const sha1Hex = createHash('sha1').update(node.content).digest('hex');
      return {
        entry: fileEntry(path, node.content.length, facts),
        sha1Hex,
        open: () => node.content,
      };
    }
  }
}

function empty(): Uint8Array {
  return new Uint8Array(0);
}

function invalid(path: string, what: string): KilnError {
  return new KilnError('SEED_DEB_INVALID', `in a Debian package "${shorten(path)}" ${what}`);
}

function tooLarge(): KilnError {
  return new KilnError('SEED_DEB_TOO_LARGE', `a Debian package holds more than ${bytesMax} bytes`);
}
