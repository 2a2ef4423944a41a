import { KilnError, shorten } from '@kiln/base';
import type { TarEntry } from './entry.ts';
import { unsafePath } from './errors.ts';
import { ancestors, refuseEscape } from './path.ts';

/** Rules over all members of an archive together. */
export interface TreeRules {
  /** `refuse`: a second member with one path throws `TAR_DUPLICATE_ENTRY`. Default `keep`: both are handed out. */
  readonly duplicates?: 'keep' | 'refuse';
  /**
   * `inside`: a symbolic link that climbs above the root, and a path or hard link target below an earlier member that
   * is no directory, throw `TAR_UNSAFE_PATH`. Default `any`.
   */
  readonly links?: 'any' | 'inside';
}

/** Remembers the paths of an archive and enforces the rules. */
export class TreeCheck {
  readonly #rules: TreeRules;
  readonly #types = new Map<string, TarEntry['type']>();

  constructor(rules: TreeRules) {
    this.#rules = rules;
  }

  /** Throws `TAR_DUPLICATE_ENTRY` or `TAR_UNSAFE_PATH`. */
  add(entry: TarEntry): void {
    if (this.#rules.duplicates !== 'refuse' && this.#rules.links !== 'inside') return;
    if (this.#rules.duplicates === 'refuse' && this.#types.has(entry.path)) {
      throw new KilnError('TAR_DUPLICATE_ENTRY', `tar archive has "${shorten(entry.path)}" twice`);
    }
    if (this.#rules.links === 'inside') this.#requireInside(entry);
    this.#types.set(entry.path, entry.type);
  }

  #requireInside(entry: TarEntry): void {
    const reached = entry.type === 'hardlink' ? [entry.path, entry.linkTarget] : [entry.path];
    for (const ancestor of reached.flatMap(ancestors)) {
      const type = this.#types.get(ancestor);
      if (type !== undefined && type !== 'directory')
        throw unsafePath(entry.path, `passes through a ${type}`);
    }
    if (entry.type === 'symlink') refuseEscape(entry.path, entry.linkTarget);
  }
}
