import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobStore } from '@kiln/blobs';
import type { Logger } from '@kiln/base';
import { KilnError, messageOf } from '@kiln/base';
import type {
  CatalogProblem,
  CatalogSource,
  Desired,
  DesiredCatalog,
  FactoryRecords,
  LastGood,
  ReadCatalogs,
} from '@kiln/factory';
import {
  RecipeFactsReader,
  neededBy,
  neededFor,
  parseKey,
  readBundle,
  readCatalogs,
} from '@kiln/factory';
import { isConnectionLost } from '@kiln/postgres';
import type { Key } from '@kiln/queue';
import type { Architecture } from '@kiln/recipe';
import { CatalogReader } from './catalog-files.ts';
import { WatchedFolder } from './watched-folder.ts';

export interface CatalogFolder {
  readonly label: string;
  readonly folder: string;
}

export interface CatalogKeeperOptions {
  readonly blobs: BlobStore;
  readonly records: FactoryRecords;
  readonly folders: readonly CatalogFolder[];
  readonly arch: Architecture;
  readonly log: Logger;
  /** Names of images and packages to which the desired state is limited; empty: everything. */
  readonly only: readonly string[];
}

const settleMs = 150;
/** How soon a reading that the database's absence interrupted is done again. */
const interruptedMs = 500;
/** Watching may miss a change (a network file system, a full queue of events): look anyway. */
const pollMs = 30_000;

/** Keeps the desired state equal to the catalogs' folders: at the start, when files change, and every now and then. */
export class CatalogKeeper {
  readonly #options: CatalogKeeperOptions;
  readonly #reader: CatalogReader;
  readonly #facts = new RecipeFactsReader();
  #folders: readonly CatalogFolder[];
  #only: readonly string[];
  #watchers: WatchedFolder[] = [];
  #settle: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  /** The last reading ended early because the database was away. */
  #interrupted = false;
  #names: readonly string[] = [];
  /** What could not be read at all, by the label of the catalog. */
  readonly unreadable: Map<string, CatalogProblem> = new Map();

  constructor(options: CatalogKeeperOptions) {
    this.#options = options;
    this.#reader = new CatalogReader(options.blobs);
    this.#folders = options.folders;
    this.#only = options.only;
  }

  /** The names of the catalogs that were read last, Kiln OS's first. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Reads the catalogs once and goes on watching them. */
  async start(): Promise<void> {
    this.#watch();
    await this.refresh();
    // Nobody shall see an empty catalog because the database was being started again.
    while (this.#interrupted && !this.#closed) {
      await sleep(interruptedMs);
      await this.refresh();
    }
    this.#poll = setInterval(() => this.#soon(), pollMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#settle);
    clearInterval(this.#poll);
    for (const watcher of this.#watchers) watcher.close();
    await this.#running;
  }

  /** Takes other folders or another limit, and reads anew. */
  async select(selection: {
    readonly folders: readonly CatalogFolder[];
    readonly only: readonly string[];
  }): Promise<void> {
    this.#folders = selection.folders;
    this.#only = selection.only;
    this.unreadable.clear();
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    this.#watch();
    await this.refresh();
  }

  /** Makes the desired state equal to the folders now; runs one at a time. */
  refresh(): Promise<void> {
    this.#running = this.#running.then(() => this.#read());
    return this.#running;
  }

  #watch(): void {
    for (const { folder } of this.#folders) {
      const watcher = new WatchedFolder({
        folder,
        onChange: () => this.#soon(),
        onFailure: (error) =>
          this.#options.log.warn('catalog is not watched', { folder, error: messageOf(error) }),
      });
      this.#watchers.push(watcher);
    }
  }

  #soon(afterMs: number = settleMs): void {
    if (this.#closed) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.refresh(), afterMs);
  }

  async #read(): Promise<void> {
    if (this.#closed) return;
    this.#interrupted = false;
    const sources: CatalogSource[] = [];
    for (const { folder, label } of this.#folders) {
      try {
        sources.push(await this.#reader.read(folder, label));
        this.unreadable.delete(label);
      } catch (error) {
        // The desired state before it is kept: catalogs after an unreadable one are not read either.
        this.#unreadable(label, error);
        return;
      }
    }
    try {
      await this.#apply(sources);
    } catch (error) {
      this.#unreadable(sources.at(-1)?.label ?? '', error);
    }
  }

  #unreadable(label: string, error: unknown): void {
    if (isConnectionLost(error)) {
      // Says nothing about the catalog; the database is being started again.
      this.#options.log.warn('the database went away', { error: messageOf(error) });
      this.#interrupted = true;
      this.#soon(interruptedMs);
      return;
    }
    this.#options.log.error('catalog not read', { catalog: label, error: messageOf(error) });
    this.unreadable.set(label, {
      catalog: label,
      key: '',
      code: error instanceof KilnError ? error.code : 'INTERNAL',
      message: messageOf(error),
      hint: error instanceof KilnError ? (error.hint ?? '') : '',
    });
  }

  async #apply(sources: readonly CatalogSource[]): Promise<void> {
    const present = await this.#options.records.listDesired();
    const read = await this.#readKeeping(sources, present);
    this.#names = read.catalogs.map((one) => one.name);
    for (const [digest, bytes] of read.bundles) await this.#options.blobs.put(bytes, digest);
    const wanted = (await this.#options.records.listStates()).flatMap((state) => state.waitingFor);
    for (const catalog of limit(read.catalogs, this.#only, [
      ...present.map((one) => one.key),
      ...wanted,
    ])) {
      const changed = await this.#options.records.applyCatalog(
        catalog.name,
        catalog.desired,
        catalog.problems,
      );
      if (changed.length > 0)
        this.#options.log.info('catalog applied', {
          catalog: catalog.name,
          changed: changed.length,
        });
    }
    await this.#options.records.retainCatalogs(read.catalogs.map((one) => one.name));
  }

  /** What the catalogs say; a key whose file is broken stays what it was, so that nothing published goes away. */
  async #readKeeping(
    sources: readonly CatalogSource[],
    present: readonly Desired[],
  ): Promise<ReadCatalogs> {
    const read = readCatalogs(sources, this.#options.arch, undefined, this.#facts);
    this.#facts.endRound();
    const broken = new Set(read.catalogs.flatMap((one) => one.problems.map(({ key }) => key)));
    const lastGood = new Map<Key, LastGood>();
    for (const desired of present) {
      if (!broken.has(desired.key)) continue;
      try {
        const bundle = await readBundle(this.#options.blobs, desired, desired.kind);
        lastGood.set(desired.key, { desired, bundle });
      } catch (error) {
        const { key } = desired;
        this.#options.log.warn('last good state not read', { key, error: messageOf(error) });
      }
    }
    return lastGood.size === 0
      ? read
      : readCatalogs(sources, this.#options.arch, lastGood, this.#facts);
  }
}

function limit(
  catalogs: readonly DesiredCatalog[],
  only: readonly string[],
  there: readonly Key[],
): readonly DesiredCatalog[] {
  if (only.length === 0) return catalogs;
  const all = catalogs.flatMap((one) => one.desired);
  // What was asked for before stays, and what turned out to be needed comes with what it needs itself.
  const needed = new Set([
    ...neededFor(all, only),
    ...there.flatMap((key) => [...neededBy(all, key)]),
  ]);
  return catalogs.map((catalog) => ({
    ...catalog,
    desired: catalog.desired.filter((one) => needed.has(one.key)),
    // A file that was asked for and cannot be read has no desired state, but its problem is wanted.
    problems: catalog.problems.filter(
      (one) => needed.has(one.key as Key) || only.includes(parseKey(one.key).name),
    ),
  }));
}
