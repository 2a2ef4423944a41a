import { KilnError, shorten } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';

interface Shape {
  /** The last layer that had an entry for it. */
  layer: number;
}
type Node = Shape &
  (
    | { readonly kind: 'directory'; readonly children: Set<string> }
    | { readonly kind: 'file' }
    | { readonly kind: 'symlink'; readonly target: string }
  );

/** Where an entry goes; all paths are relative to the root and free of symbolic links. */
export interface Placement {
  readonly path: string;
  /** Directories to make first, outermost first. */
  readonly missingParents: readonly string[];
  /** Something is there and has to go; `tree`: a directory with all that is in it. */
  readonly replaces: 'nothing' | 'entry' | 'tree';
  /** Directories that are there no more. */
  readonly gone: readonly string[];
}

const pathBytesMax = 4096;
const nameBytesMax = 255;
const linksMax = 40;

/**
 * What an extraction has written so far. Nobody else writes there, so the answer of the model is the answer of
 * the file system, without a moment in between. An entry of a later layer takes the place of whatever is there. Throws
 * `TREE_ENTRY_INVALID`.
 */
export class TreeModel {
  readonly #nodes: Map<string, Node> = new Map([
    ['', { kind: 'directory', children: new Set(), layer: 0 }],
  ]);
  #layer = 0;

  /** What is added from here on belongs to the next layer. */
  nextLayer(): void {
    this.#layer += 1;
  }

  /**
   * Takes away what earlier layers have at a path, or with `inside` in the directory there, and returns the paths of it, those in
   * a directory before it. What this layer has there stays.
   */
  removeOlder(asked: string, { inside }: { readonly inside: boolean }): readonly string[] {
    const gone: string[] = [];
    const path = asked === '' && inside ? '' : this.#whereIs(split(asked));
    if (path === undefined) return gone;
    if (inside) {
      const node = this.#nodes.get(path);
      if (node?.kind === 'directory')
        for (const child of node.children) this.#removeOlder(join(path, child), gone);
    } else this.#removeOlder(path, gone);
    return gone;
  }

  /** Notes an entry and says where it goes. */
  add(entry: TarEntry): Placement {
    const parts = entry.path === '' || entry.path === '.' ? [] : split(entry.path);
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type !== 'directory') throw invalid(entry.path, 'is the root');
      return { path: '', missingParents: [], replaces: 'nothing', gone: [] };
    }
    const missingParents: string[] = [];
    const parent = this.#resolve(parts, entry.path, missingParents);
    const path = join(parent, name);
    const old = this.#nodes.get(path);
    const isOlder = old !== undefined && old.layer < this.#layer;
    if (entry.type === 'directory')
      return isOlder && old.kind !== 'directory'
        ? this.#addNew(path, entry, { missingParents, old })
        : this.#addDirectory(path, old, missingParents, entry.path);
    if (old?.kind === 'directory' && !isOlder) throw invalid(entry.path, 'is a directory already');
    // Before what is there goes: a link may lead to it.
    if (entry.type === 'hardlink' && this.fileAt(entry.linkTarget, entry.path) === path)
      throw invalid(entry.path, 'is a hard link to itself');
    if (entry.type === 'symlink') checkTarget(entry, parent);
    return this.#addNew(path, entry, { missingParents, old });
  }

  #addNew(
    path: string,
    { type, linkTarget, path: asked }: TarEntry,
    { missingParents, old }: { readonly missingParents: string[]; readonly old: Node | undefined },
  ): Placement {
    const gone: string[] = [];
    if (old !== undefined) this.#remove(path, gone);
    const layer = this.#layer;
    if (type === 'hardlink') this.fileAt(linkTarget, asked);
    if (type === 'directory') this.#set(path, { kind: 'directory', children: new Set(), layer });
    else if (type === 'symlink') this.#set(path, { kind: 'symlink', target: linkTarget, layer });
    else this.#set(path, { kind: 'file', layer });
    const replaces = old === undefined ? 'nothing' : old.kind === 'directory' ? 'tree' : 'entry';
    return { path, missingParents, replaces, gone };
  }

  /** The path of an earlier file, for a hard link at `from`. */
  fileAt(target: string, from: string): string {
    const parts = split(target);
    const name = parts.pop() ?? '';
    const path = join(this.#resolve(parts, from, undefined), name);
    if (this.#nodes.get(path)?.kind !== 'file') {
      throw invalid(from, `is a hard link to "${shorten(target)}", which is no earlier file`);
    }
    return path;
  }

  #addDirectory(
    path: string,
    old: Node | undefined,
    missingParents: string[],
    asked: string,
  ): Placement {
    if (old !== undefined && old.kind !== 'directory') {
      // A link to a directory serves as one, as it does for tar.
      const through = old.kind === 'symlink' ? this.#resolve(split(asked), asked, undefined) : '';
      if (through === '') throw invalid(asked, 'is not a directory, but another entry says so');
      return { path: through, missingParents, replaces: 'nothing', gone: [] };
    }
    if (old === undefined)
      this.#set(path, { kind: 'directory', children: new Set(), layer: this.#layer });
    else old.layer = this.#layer;
    return { path, missingParents, replaces: 'nothing', gone: [] };
  }

  #set(path: string, node: Node): void {
    this.#nodes.set(path, node);
    const slash = path.lastIndexOf('/');
    const parent = this.#nodes.get(path.slice(0, Math.max(0, slash)));
    if (parent?.kind === 'directory') parent.children.add(path.slice(slash + 1));
  }

  #remove(path: string, gone: string[]): void {
    const node = this.#nodes.get(path);
    if (node?.kind === 'directory')
      for (const child of node.children) this.#remove(join(path, child), gone);
    this.#nodes.delete(path);
    const slash = path.lastIndexOf('/');
    const parent = this.#nodes.get(path.slice(0, Math.max(0, slash)));
    if (parent?.kind === 'directory') parent.children.delete(path.slice(slash + 1));
    gone.push(path);
  }

  #removeOlder(path: string, gone: string[]): void {
    const node = this.#nodes.get(path);
    if (node?.kind === 'directory') {
      for (const child of node.children) this.#removeOlder(join(path, child), gone);
      if (node.children.size > 0) return;
    }
    if (node !== undefined && node.layer < this.#layer) this.#remove(path, gone);
  }

  /** The path of what components lead to, the last of them as it is; undefined where they lead to nothing. */
  #whereIs(parts: string[]): string | undefined {
    const name = parts.pop() ?? '';
    try {
      const path = join(this.#resolve(parts, name, undefined), name);
      return this.#nodes.has(path) ? path : undefined;
    } catch (error) {
      if (error instanceof KilnError && error.code === 'TREE_ENTRY_INVALID') return undefined;
      throw error;
    }
  }

  /** Follows links inside the root; with `missing`, directories that do not exist are noted there and made. */
  #resolve(parts: readonly string[], asked: string, missing: string[] | undefined): string {
    let current = '';
    let links = 0;
    const pending = [...parts].reverse();
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        current = current.slice(0, Math.max(0, current.lastIndexOf('/')));
        continue;
      }
      const path = join(current, part);
      const node = this.#nodes.get(path);
      if (node === undefined) {
        if (missing === undefined) throw invalid(asked, 'leads through nothing');
        missing.push(path);
        this.#set(path, { kind: 'directory', children: new Set(), layer: this.#layer });
        current = path;
      } else if (node.kind === 'directory') current = path;
      else if (node.kind === 'file') throw invalid(asked, 'leads through a file');
      else {
        links += 1;
        if (links > linksMax) throw invalid(asked, 'leads through too many links');
        if (node.target.startsWith('/')) current = '';
        pending.push(...node.target.split('/').reverse());
      }
    }
    return current;
  }
}

function split(path: string): string[] {
  const parts = path.split('/');
  if (Buffer.byteLength(path) > pathBytesMax) throw invalid(path, 'is too long');
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..' || part.includes('\0')) {
      throw invalid(path, 'is not a plain relative path');
    }
    if (Buffer.byteLength(part) > nameBytesMax)
      throw invalid(path, 'has a component that is too long');
  }
  return parts;
}

/** A relative link whose `..` climb above the root is a trick; an absolute one means the root's own. */
function checkTarget(entry: TarEntry, parent: string): void {
  const target = entry.linkTarget;
  if (target === '' || target.includes('\0') || Buffer.byteLength(target) > pathBytesMax - 1) {
    throw invalid(entry.path, 'is a link without a usable target');
  }
  if (target.startsWith('/')) return;
  let depth = parent === '' ? 0 : parent.split('/').length;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    depth += part === '..' ? -1 : 1;
    if (depth < 0) throw invalid(entry.path, 'is a link that leads out of the root');
  }
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`;
}

function invalid(path: string, what: string): KilnError {
  return new KilnError('TREE_ENTRY_INVALID', `the path "${shorten(path)}" ${what}`, {
    hint: 'the archive is damaged or hostile; nothing of it was kept',
  });
}
