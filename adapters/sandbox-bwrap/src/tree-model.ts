import { KilnError, shorten } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';

type Node =
  | { readonly kind: 'directory' }
  | { readonly kind: 'file' }
  | { readonly kind: 'symlink'; readonly target: string };

/** Where an entry goes; all paths are relative to the root and free of symbolic links. */
export interface Placement {
  readonly path: string;
  /** Directories to make first, outermost first. */
  readonly missingParents: readonly string[];
  /** Something that is not a directory is there and has to go. */
  readonly replaces: boolean;
}

const pathBytesMax = 4096;
const nameBytesMax = 255;
const linksMax = 40;

/**
 * What an extraction has written so far. Nobody else writes there, so the answer of the model is the answer of
 * the file system, without a moment in between. Throws `TREE_ENTRY_INVALID`.
 */
export class TreeModel {
  readonly #nodes: Map<string, Node> = new Map([['', { kind: 'directory' }]]);

  /** Notes an entry and says where it goes. */
  add(entry: TarEntry): Placement {
    const parts = entry.path === '' || entry.path === '.' ? [] : split(entry.path);
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type !== 'directory') throw invalid(entry.path, 'is the root');
      return { path: '', missingParents: [], replaces: false };
    }
    const missingParents: string[] = [];
    const parent = this.#resolve(parts, entry.path, missingParents);
    const path = join(parent, name);
    const old = this.#nodes.get(path);
    if (entry.type === 'directory')
      return this.#addDirectory(path, old, missingParents, entry.path);
    if (old?.kind === 'directory') throw invalid(entry.path, 'is a directory already');
    if (entry.type === 'hardlink') this.fileAt(entry.linkTarget, entry.path);
    if (entry.type === 'symlink') checkTarget(entry, parent);
    this.#nodes.set(
      path,
      entry.type === 'symlink' ? { kind: 'symlink', target: entry.linkTarget } : { kind: 'file' },
    );
    return { path, missingParents, replaces: old !== undefined };
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
      return { path: through, missingParents, replaces: false };
    }
    this.#nodes.set(path, { kind: 'directory' });
    return { path, missingParents, replaces: false };
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
        this.#nodes.set(path, { kind: 'directory' });
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
