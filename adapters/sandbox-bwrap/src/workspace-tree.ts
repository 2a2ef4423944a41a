import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { constants, lstat, open, readdir, readlink } from 'node:fs/promises';
import { KilnError, shorten } from '@kiln/base';
import type { TreeEntry, TreeEntryFacts } from '@kiln/build';
import { readExtendedAttributes, type ExtendedAttributes } from './extended-attributes.ts';

/** What a package's tree may hold. */
export interface TreeLimits {
  readonly entries: number;
  readonly depth: number;
  readonly pathBytes: number;
}

export const defaultTreeLimits: TreeLimits = { entries: 1_000_000, depth: 128, pathBytes: 4096 };

const chunkBytes = 256 * 1024;
const guestId = 1000;

/** See `FsWorkspacesOptions`. */
export interface TreeReading {
  readonly owners: 'guest' | 'host';
  readonly attributes: 'none' | 'read';
  /** What becomes of a tree that is not there. */
  readonly missing: 'empty' | 'refuse';
}

/** See `Workspace.readTree`. */
export async function* readWorkspaceTree(
  workspace: string,
  packageName: string,
  limits: TreeLimits,
  reading: TreeReading,
): AsyncGenerator<TreeEntry> {
  let root = workspace;
  for (const part of ['melange-out', packageName]) {
    root = `${root}/${part}`;
    const found = await lstatOrUndefined(root);
    if (found === undefined && reading.missing === 'empty') return;
    if (found?.isDirectory() !== true) throw notATree(part);
  }
  const attributes =
    reading.attributes === 'read' ? await readExtendedAttributes(root) : noAttributes;
  yield* new TreeWalk(root, limits, { owners: reading.owners, attributes }).directory('', 1);
}

const noAttributes: ExtendedAttributes = new Map();

interface WalkFacts {
  readonly owners: 'guest' | 'host';
  readonly attributes: ExtendedAttributes;
}

class TreeWalk {
  readonly #root: string;
  readonly #limits: TreeLimits;
  readonly #facts: WalkFacts;
  /** First path and SHA-1 of an inode with several names. */
  readonly #linked: Map<string, { path: string; sha1: string }> = new Map();
  #entries = 0;

  constructor(root: string, limits: TreeLimits, facts: WalkFacts) {
    this.#root = root;
    this.#limits = limits;
    this.#facts = facts;
  }

  async *directory(path: string, depth: number): AsyncGenerator<TreeEntry> {
    if (depth > this.#limits.depth) throw tooLarge('depth', path);
    const names = await readdir(`${this.#root}/${path}`, { encoding: 'buffer' });
    for (const name of names.sort((a, b) => Buffer.compare(a, b))) {
      const child = path === '' ? utf8(name, path) : `${path}/${utf8(name, path)}`;
      this.#entries += 1;
      if (this.#entries > this.#limits.entries) throw tooLarge('entries', child);
      if (Buffer.byteLength(child) > this.#limits.pathBytes) throw tooLarge('path length', child);
      const entry = await this.#entry(child);
      yield entry;
      if (entry.kind === 'directory') yield* this.directory(child, depth + 1);
    }
  }

  async #entry(path: string): Promise<TreeEntry> {
    const host = `${this.#root}/${path}`;
    const found = await lstat(host, { bigint: true });
    const facts = factsOf(path, found, this.#facts);
    if (found.isDirectory()) return { ...facts, kind: 'directory' };
    if (found.isSymbolicLink()) {
      const target = utf8(await readlink(host, { encoding: 'buffer' }), path);
      return { ...facts, kind: 'symlink', target };
    }
    if (found.isFile()) return this.#file(host, found, facts);
    return { ...facts, kind: 'special', what: specialKind(found) };
  }

  async #file(host: string, found: BigIntStats, facts: TreeEntryFacts): Promise<TreeEntry> {
    const inode = `${found.dev}:${found.ino}`;
    const first = this.#linked.get(inode);
    if (first !== undefined) {
      return { ...facts, kind: 'hardlink', target: first.path, sha1: first.sha1 };
    }
    const sizeBytes = Number(found.size);
    const hash = createHash('sha1');
    for await (const chunk of readFileOf(host, sizeBytes)) hash.update(chunk);
    const sha1 = hash.digest('hex');
    if (found.nlink > 1n) this.#linked.set(inode, { path: facts.path, sha1 });
    return {
      ...facts,
      kind: 'file',
      sizeBytes,
      sha1,
      open: () => readFileOf(host, sizeBytes),
      range: (start, end) => readRange(host, start, end),
    };
  }
}

function factsOf(
  path: string,
  found: BigIntStats,
  { owners, attributes }: WalkFacts,
): TreeEntryFacts {
  const own = owners === 'guest';
  return {
    path,
    mode: Number(found.mode & 0o7777n),
    uid: guestOf(Number(found.uid), own ? process.getuid?.() : undefined),
    gid: guestOf(Number(found.gid), own ? process.getgid?.() : undefined),
    xattrs: attributes.get(path) ?? new Map(),
  };
}

function guestOf(id: number, own: number | undefined): number {
  return id === own ? guestId : id;
}

function specialKind(found: BigIntStats): 'fifo' | 'socket' | 'char' | 'block' {
  if (found.isFIFO()) return 'fifo';
  if (found.isSocket()) return 'socket';
  return found.isCharacterDevice() ? 'char' : 'block';
}

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * To its end, wherever that is now. Memory is taken for the size that it had: of thousands of small files, large buffers would have to
 * be collected all the time, with everything that is known of the files.
 */
async function* readFileOf(host: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const handle = await open(host, readFlags);
  try {
    for (let at = 0; ;) {
      const wanted = Math.min(chunkBytes, Math.max(sizeBytes - at, 1));
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted));
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function readRange(host: string, start: number, end: number): Promise<Uint8Array> {
  const handle = await open(host, readFlags);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, Math.min(end, size) - start));
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await handle.close();
  }
}

async function lstatOrUndefined(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function utf8(bytes: Buffer, parent: string): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new KilnError(
    'WORKSPACE_TREE_INVALID',
    `a name or link target under "${shorten(parent)}" is not UTF-8: "${shorten(bytes.toString('latin1'))}"`,
  );
}

function notATree(part: string): KilnError {
  return new KilnError(
    'WORKSPACE_TREE_INVALID',
    `"${shorten(part)}" of the build is not a directory`,
    {
      hint: 'the recipe must leave melange-out and the trees below it as directories',
    },
  );
}

function tooLarge(what: string, path: string): KilnError {
  return new KilnError('WORKSPACE_TREE_TOO_LARGE', `too much ${what} at "${shorten(path)}"`);
}
