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
import { KilnError, shorten } from '@kiln/base';
import type { TarEntry, TarMember } from '@kiln/tar';
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
  mkdirSync(directory, { mode: 0o755 });
  const tree = new TreeModel();
  const directories: { path: string; mode: number; mtimeSeconds: number }[] = [];
  let entries = 0;
  let bytes = 0;
  for await (const { entry, content, file } of members) {
    entries += 1;
    bytes += entry.sizeBytes;
    if (entries > limits.entries || bytes > limits.bytes) throw tooLarge(entries, bytes);
    const path = place(directory, tree, entry);
    if (path === undefined) continue;
    if (entry.type === 'directory') directories.push({ ...entry, path });
    else if (entry.type === 'file' && (file === undefined || !link(file, path, entry)))
      await writeFile(path, entry, content);
  }
  // Last, so that their contents do not change the times, and children before parents.
  for (const { path, mode, mtimeSeconds } of directories.reverse()) {
    chmodSync(path, mode & 0o1777);
    lutimesSync(path, mtimeSeconds, mtimeSeconds);
  }
}

/** Makes everything but contents; returns the host path, or undefined for what is skipped. */
function place(directory: string, tree: TreeModel, entry: TarEntry): string | undefined {
  if (entry.type === 'char' || entry.type === 'block' || entry.type === 'fifo') return undefined;
  const { path, missingParents, replaces } = tree.add(entry);
  const host = path === '' ? directory : `${directory}/${path}`;
  for (const parent of missingParents) mkdirSync(`${directory}/${parent}`, { mode: 0o755 });
  if (replaces) rmSync(host);
  if (entry.type === 'directory') mkdirSync(host, { recursive: true, mode: 0o755 });
  if (entry.type === 'symlink') {
    symlinkSync(entry.linkTarget, host);
    lutimesSync(host, entry.mtimeSeconds, entry.mtimeSeconds);
  }
  if (entry.type === 'hardlink') {
    linkSync(`${directory}/${tree.fileAt(entry.linkTarget, entry.path)}`, host);
  }
  return host;
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
