import fs from 'node:fs';
import path from 'node:path';
import { depthMax, isOfCatalog } from './catalog-files.ts';

export interface WatchedFolderOptions {
  readonly folder: string;
  /** Something changed, or may have. */
  onChange(): void;
  /** Told once, of the first folder that cannot be watched: changes in it are not told of. */
  onFailure(error: unknown): void;
}

/**
 * Tells of changes in a catalog's folder and the folders below it, those that a reading goes into. Throws nothing: Node's own
 * recursive watch ends the process at a link or a folder that comes later and cannot be watched, or has no room in the kernel.
 */
export class WatchedFolder {
  readonly #options: WatchedFolderOptions;
  readonly #watchers = new Map<string, fs.FSWatcher>();
  #failed = false;

  constructor(options: WatchedFolderOptions) {
    this.#options = options;
    this.#watch(options.folder, 0);
  }

  close(): void {
    this.#forget(this.#options.folder);
  }

  #watch(folder: string, depth: number): void {
    try {
      const watcher = fs.watch(folder, (_event, name) => {
        this.#options.onChange();
        if (name !== null) this.#lookAt(folder, name, depth);
      });
      this.#watchers.set(folder, watcher);
      watcher.on('error', (error) => this.#fail(error));
      // What comes from now on is told of.
      for (const name of fs.readdirSync(folder)) this.#lookAt(folder, name, depth);
    } catch (error) {
      // Gone again, which whoever watches the folder above is told of.
      if (depth === 0 || (error as NodeJS.ErrnoException).code !== 'ENOENT') this.#fail(error);
    }
  }

  /** A folder that was there may be another now. `depth` is that of the folder that it is in. */
  #lookAt(folder: string, name: string, depth: number): void {
    const file = path.join(folder, name);
    this.#forget(file);
    if (depth === depthMax || !isOfCatalog(name, depth)) return;
    if (isFolder(file)) this.#watch(file, depth + 1);
  }

  #forget(folder: string): void {
    for (const [watched, watcher] of this.#watchers) {
      if (watched !== folder && !watched.startsWith(folder + path.sep)) continue;
      watcher.close();
      this.#watchers.delete(watched);
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailure(error);
  }
}

function isFolder(file: string): boolean {
  try {
    return fs.lstatSync(file).isDirectory();
  } catch {
    // Gone, or in a folder that may not be looked into.
    return false;
  }
}
