import { createHash } from 'node:crypto';
import type { Digest } from '@kiln/base';
import { KilnError, firstIndex } from '@kiln/base';
import { parseInstalled } from '@kiln/apk';
import type { Config } from '@kiln/oci';
import type { TarEntry } from '@kiln/tar';
import { readTar } from '@kiln/tar';
import type { NamedImage } from './named-image.ts';
import type { PackageDatabase } from './package-database.ts';
import { databaseFile, fileBytes } from './package-database.ts';
import type { PulledImage } from './pull.ts';
import { blamingDamage, layerArchives, pullImage } from './pull.ts';

const databaseBytesMax = 256 * 2 ** 20;
/** Of all layers, which a few kilobytes of each can have millions of. */
const filesMax = 4_000_000;
const pathCharactersMax = 256 * 2 ** 20;

/** What can be told of a file without having it; two that are equal in it are the same. */
export interface FileFacts {
  readonly type: TarEntry['type'];
  readonly mode: number;
  /** `UID:GID`. */
  readonly owner: string;
  readonly sizeBytes: number;
  /** The target of a link, the SHA-256 of a file's content, and "" of the others. */
  readonly content: string;
}

/** What is in an image. */
export interface ImageContents extends PackageDatabase {
  readonly reference: string;
  readonly digest: Digest;
  readonly config: Config;
  /** By path, relative to the root, of all layers together. */
  readonly files: ReadonlyMap<string, FileFacts>;
}

/**
 * Reads an image of an architecture through, layer by layer. What a later layer replaces or removes (whiteouts of the OCI image specification,
 * "Representing Changes") is not there. Takes memory for the names of its files. Throws `IMAGE_NOT_FOUND`, `IMAGE_CONTENT`, and
 * what reading archives does.
 */
export async function readImageContents(
  source: NamedImage,
  architecture: string,
): Promise<ImageContents> {
  const pulled = await pullImage(source, architecture);
  return blamingDamage(source, pulled.layers, () => readContents(source, pulled));
}

async function readContents(
  source: NamedImage,
  { digest, config, layers }: PulledImage,
): Promise<ImageContents> {
  const files = new Map<string, FileFacts>();
  let database = '';
  let world = '';
  let pathCharacters = 0;
  for (const archive of layerArchives(source, layers)) {
    const below = new FilesBelow(files);
    for await (const { entry, content } of readTar(archive)) {
      pathCharacters += entry.path.length + entry.linkTarget.length;
      if (files.size >= filesMax || pathCharacters > pathCharactersMax)
        throw new KilnError('IMAGE_CONTENT', `${source.text} has too many files to look at`);
      if (below.removes(entry.path)) continue;
      const kind = databaseFile(entry);
      if (kind === undefined) {
        files.set(entry.path, await factsOf(entry, content));
        continue;
      }
      const bytes = await fileBytes(entry, content, databaseBytesMax);
      const text = Buffer.from(bytes).toString('utf8');
      if (kind === 'world') world = text;
      else database = text;
      files.set(entry.path, await factsOf(entry, bytes));
    }
  }
  return {
    reference: source.text,
    digest,
    config,
    packages: parseInstalled(database),
    world,
    files,
  };
}

/** The files of the layers below one, which its whiteouts take away. */
class FilesBelow {
  readonly #files: Map<string, FileFacts>;
  readonly #paths: string[];
  #sorted = false;
  /** What was taken away: it may be asked for again and again. */
  readonly #gone = new Set<string>();

  constructor(files: Map<string, FileFacts>) {
    this.#files = files;
    this.#paths = [...files.keys()];
  }

  /** True for a whiteout: `.wh.NAME` removes what lower layers have there, `.wh..wh..opq` all that they have in the directory. */
  removes(path: string): boolean {
    const slash = path.lastIndexOf('/') + 1;
    const name = path.slice(slash);
    if (!name.startsWith('.wh.')) return false;
    const directory = path.slice(0, slash);
    const gone = `${directory}${name.slice('.wh.'.length)}`;
    if (name === '.wh..wh..opq') {
      this.#removeIn(directory);
    } else {
      if (this.#has(gone)) this.#files.delete(gone);
      this.#removeIn(`${gone}/`);
    }
    return true;
  }

  /** Removes what begins so. */
  #removeIn(directory: string): void {
    if (this.#gone.has(directory)) return;
    this.#gone.add(directory);
    for (let at = this.#firstFrom(directory); at < this.#paths.length; at += 1) {
      const path = this.#paths[at] ?? '';
      if (!path.startsWith(directory)) return;
      this.#files.delete(path);
    }
  }

  #has(path: string): boolean {
    return this.#paths[this.#firstFrom(path)] === path;
  }

  /** Where the first path is that does not come before this one. */
  #firstFrom(wanted: string): number {
    // Most layers have no whiteouts.
    if (!this.#sorted) this.#paths.sort();
    this.#sorted = true;
    return firstIndex(this.#paths.length, (at) => (this.#paths[at] ?? '') < wanted);
  }
}

async function factsOf(
  entry: TarEntry,
  content: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<FileFacts> {
  const { type, mode, uid, gid, sizeBytes, linkTarget } = entry;
  const facts = { type, mode, owner: `${uid}:${gid}`, sizeBytes };
  if (type !== 'file') return { ...facts, content: linkTarget };
  const hash = createHash('sha256');
  for await (const chunk of content instanceof Uint8Array ? [content] : content) hash.update(chunk);
  return { ...facts, content: hash.digest('hex') };
}
