import {
  chmodSync,
  closeSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { KilnError, compareBytes, shorten } from '@kiln/base';
import type { TarEntry, TarMember } from '@kiln/tar';
import type { Placement } from './tree-model.ts';
import { TreeModel } from './tree-model.ts';

/** A member of a tree. */
export interface ExtractedMember extends TarMember {
  /** A file of the host that has content, mode and time of the member; it is linked to where the file system can. */
  readonly file?: string | undefined;
}

/** What one tree may hold. */
export interface ExtractLimits {
  /** Default one million. */
  readonly entries: number;
  /** Of all contents together; default 32 GiB. */
  readonly bytes: number;
}

const defaultLimits: ExtractLimits = { entries: 1_000_000, bytes: 32 * 2 ** 30 };

/**
 * Writes the members of an archive as a root file system below `directory`, which must not exist yet.
 * Each path is resolved in a model of what was written, as `chroot` would, so that no symbolic link leads out.
 * A later member replaces an earlier one that is not a directory. Devices and fifos are skipped, owners are
 * not kept, set-user and set-group bits are dropped: nothing on the host shall run by them. Times are kept.
 * The caller makes it atomic by a rename. Calls are synchronous inside: a tree has tens of thousands of small files.
 * Throws `TREE_ENTRY_INVALID` and `TREE_TOO_LARGE`.
 */
export async function extractTree(
  directory: string,
  members: AsyncIterable<ExtractedMember> | Iterable<ExtractedMember>,
  limits: ExtractLimits = defaultLimits,
): Promise<void> {
  const extraction = new Extraction(directory, limits);
  for await (const member of members) await extraction.add(member);
  extraction.finish();
}

/**
 * Writes the layers of an image, lowest first, as one root file system below `directory`, as `extractTree` does. What a later
 * layer has takes the place of what is there, whatever that is; its whiteouts take away what earlier layers have (OCI image
 * specification, "Representing Changes"), wherever in the layer they stand.
 */
export async function extractLayers(
  directory: string,
  layers: AsyncIterable<AsyncIterable<TarMember>> | Iterable<AsyncIterable<TarMember>>,
  limits: ExtractLimits = defaultLimits,
): Promise<void> {
  const extraction = new Extraction(directory, limits);
  for await (const members of layers) {
    extraction.nextLayer();
    for await (const member of members) {
      const whiteout = whiteoutOf(member.entry.path);
      if (whiteout === undefined) await extraction.add(member);
      else extraction.remove(whiteout);
    }
  }
  extraction.finish();
}

/** What a name in a layer takes away; nothing for other marks of the file system that invented them. */
interface Whiteout {
  readonly path: string | undefined;
  /** What is in the directory at the path, and not the directory. */
  readonly inside: boolean;
}

function whiteoutOf(path: string): Whiteout | undefined {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  if (name === '.wh..wh..opq') return { path: parts.join('/'), inside: true };
  if ([...parts, name].some((part) => part.startsWith('.wh..wh.')))
    return { path: undefined, inside: false };
  if (!name.startsWith('.wh.')) return undefined;
  return { path: [...parts, name.slice('.wh.'.length)].join('/'), inside: false };
}

class Extraction {
  readonly #directory: string;
  readonly #limits: ExtractLimits;
  readonly #tree = new TreeModel();
  readonly #directories = new Map<
    string,
    { readonly mode: number; readonly mtimeSeconds: number }
  >();
  #entries = 0;
  #bytes = 0;

  constructor(directory: string, limits: ExtractLimits) {
    mkdirSync(directory, { mode: 0o755 });
    this.#directory = directory;
    this.#limits = limits;
  }

  nextLayer(): void {
    this.#tree.nextLayer();
  }

  async add({ entry, content, file }: ExtractedMember): Promise<void> {
    this.#count(entry.sizeBytes);
    if (entry.type === 'char' || entry.type === 'block' || entry.type === 'fifo') return;
    const { path, gone } = place(this.#directory, this.#tree, entry);
    for (const one of gone) this.#directories.delete(one);
    const host = hostPath(this.#directory, path);
    if (entry.type === 'directory') this.#directories.set(path, entry);
    else if (entry.type === 'file' && (file === undefined || !link(file, host, entry)))
      await writeFile(host, entry, content);
  }

  remove({ path, inside }: Whiteout): void {
    this.#count(0);
    if (path === undefined) return;
    for (const one of this.#tree.removeOlder(path, { inside })) {
      this.#directories.delete(one);
      rmSync(hostPath(this.#directory, one), { recursive: true });
    }
  }

  finish(): void {
    // Last, so that their contents do not change the times, and children before parents.
    const paths = [...this.#directories].sort(([a], [b]) => compareBytes(b, a));
    for (const [path, { mode, mtimeSeconds }] of paths) {
      const host = hostPath(this.#directory, path);
      chmodSync(host, mode & 0o1777);
      lutimesSync(host, mtimeSeconds, mtimeSeconds);
    }
  }

  #count(sizeBytes: number): void {
    this.#entries += 1;
    this.#bytes += sizeBytes;
    if (this.#entries > this.#limits.entries || this.#bytes > this.#limits.bytes)
      throw tooLarge(this.#entries, this.#bytes);
  }
}

function hostPath(directory: string, path: string): string {
  return path === '' ? directory : `${directory}/${path}`;
}

/** Makes everything but contents. */
function place(directory: string, tree: TreeModel, entry: TarEntry): Placement {
  const placement = tree.add(entry);
  const { path, missingParents, replaces } = placement;
  const host = hostPath(directory, path);
  for (const parent of missingParents) mkdirSync(`${directory}/${parent}`, { mode: 0o755 });
  if (replaces !== 'nothing') rmSync(host, { recursive: replaces === 'tree' });
  if (entry.type === 'directory') mkdirSync(host, { recursive: true, mode: 0o755 });
  if (entry.type === 'symlink') {
    symlinkSync(entry.linkTarget, host);
    lutimesSync(host, entry.mtimeSeconds, entry.mtimeSeconds);
  }
  if (entry.type === 'hardlink') {
    linkSync(`${directory}/${tree.fileAt(entry.linkTarget, entry.path)}`, host);
  }
  return placement;
}

/** False where it cannot be: another file system, one without links, too many of them, nothing to link to, or not what it was. */
function link(file: string, path: string, { sizeBytes, mtimeSeconds }: TarEntry): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.size !== sizeBytes || found.mtimeMs !== mtimeSeconds * 1000) return false;
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS', 'ENOENT'].includes(code)) return false;
    throw error;
  }
}

async function writeFile(
  path: string,
  entry: TarEntry,
  content: TarMember['content'],
): Promise<void> {
  const file = openSync(path, 'wx', 0o600);
  try {
    let written = 0;
    const chunks = content instanceof Uint8Array ? [content] : content;
    for await (const chunk of chunks) {
      written += chunk.length;
      if (written > entry.sizeBytes) throw wrongSize(entry);
      for (let at = 0; at < chunk.length;) at += writeSync(file, chunk, at);
    }
    if (written !== entry.sizeBytes) throw wrongSize(entry);
    futimesSync(file, entry.mtimeSeconds, entry.mtimeSeconds);
  } finally {
    closeSync(file);
  }
  chmodSync(path, entry.mode & 0o1777);
}

function wrongSize(entry: TarEntry): KilnError {
  return new KilnError(
    'TREE_ENTRY_INVALID',
    `the content of "${shorten(entry.path)}" is not as long as its header says`,
  );
}

function tooLarge(entries: number, bytes: number): KilnError {
  return new KilnError('TREE_TOO_LARGE', 'the tree has too many entries or bytes', {
    details: { entries, bytes },
  });
}
