import fs from 'node:fs';
import path from 'node:path';
import type { BlobStore } from '@kiln/blobs';
import { KilnError, compareBytes, shorten } from '@kiln/base';
import type { CatalogFile, CatalogSource } from '@kiln/factory';

const filesMax = 20_000;
const fileBytesMax = 32 * 1024 * 1024;
/** How many levels of folders a catalog may have. */
export const depthMax: number = 12;
const folders = ['images', 'pipelines', 'recipes'];
const rootFiles = ['catalog.yaml', 'seed.yaml'];

interface Found {
  readonly path: string;
  readonly absolute: string;
  readonly stat: fs.Stats;
}

/** Whether what has this name is read, in a catalog's folder (depth 0) or below it: hidden files, what editors leave and what is of another use are not. */
export function isOfCatalog(name: string, depth: number): boolean {
  if (name.startsWith('.') || name.endsWith('~')) return false;
  return depth > 0 || folders.includes(name) || rootFiles.includes(name);
}

/** Regular files of a catalog in byte order; links, hidden files and editors' leavings are passed over. */
async function* walk(root: string, relative: string, depth: number): AsyncIterable<Found> {
  if (depth > depthMax)
    throw new KilnError('CATALOG_TOO_DEEP', `${root}/${relative} is nested too deeply`, {
      hint: `at most ${depthMax} levels`,
    });
  const entries = await fs.promises.readdir(path.join(root, relative), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => compareBytes(a.name, b.name))) {
    if (!isOfCatalog(entry.name, depth)) continue;
    const child = relative === '' ? entry.name : `${relative}/${entry.name}`;
    const absolute = path.join(root, child);
    if (entry.isDirectory()) yield* walk(root, child, depth + 1);
    else if (entry.isFile())
      yield { path: child, absolute, stat: await fs.promises.stat(absolute) };
  }
}

interface Cached {
  readonly stamp: string;
  readonly file: CatalogFile;
}

/** Throws `CATALOG_NOT_FOUND`. */
export function requireCatalog(folder: string): void {
  if (fs.existsSync(path.join(folder, 'catalog.yaml'))) return;
  throw new KilnError('CATALOG_NOT_FOUND', `there is no catalog.yaml in ${shorten(folder, 200)}`, {
    hint: 'kiln init DIR makes a catalog; --catalog names its folder',
  });
}

/** Reads the files of a catalog's folder into blobs; a file that did not change since the last reading is not read again. */
export class CatalogReader {
  readonly #blobs: BlobStore;
  readonly #cache = new Map<string, Cached>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Throws `CATALOG_NOT_FOUND`, `CATALOG_TOO_LARGE`, `CATALOG_TOO_DEEP`. */
  async read(root: string, label: string): Promise<CatalogSource> {
    requireCatalog(root);
    const files: CatalogFile[] = [];
    for await (const found of walk(root, '', 0)) {
      if (files.length >= filesMax)
        throw new KilnError('CATALOG_TOO_LARGE', `${root} has more than ${filesMax} files`);
      files.push(await this.#file(found));
    }
    return { label, files };
  }

  async #file(found: Found): Promise<CatalogFile> {
    const stamp = `${found.stat.ino} ${found.stat.size} ${found.stat.mtimeMs} ${found.stat.mode}`;
    const cached = this.#cache.get(found.absolute);
    // A blob that somebody deleted comes back.
    if (cached?.stamp === stamp && (await this.#blobs.stat(cached.file.blob)) !== undefined)
      return cached.file;
    if (found.stat.size > fileBytesMax) {
      throw new KilnError(
        'CATALOG_TOO_LARGE',
        `${found.absolute} is larger than ${fileBytesMax} bytes`,
        { hint: 'fetch large sources by digest instead' },
      );
    }
    const bytes = await fs.promises.readFile(found.absolute);
    const { digest } = await this.#blobs.put(bytes);
    const file: CatalogFile = {
      path: found.path,
      blob: digest,
      executable: (found.stat.mode & 0o111) !== 0,
      text: found.path.endsWith('.yaml') ? bytes.toString('utf8') : undefined,
    };
    this.#cache.set(found.absolute, { stamp, file });
    return file;
  }
}
