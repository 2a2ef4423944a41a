import { KilnError, compareBytes } from '@kiln/base';
import { byteSource } from '@kiln/elf';
import type { ByteSource } from '@kiln/elf';
import { contentOf, readFile, readText } from './content.ts';
import { assemblyError } from './failure.ts';
import { isPattern, matchingPaths } from './file-pattern.ts';
import type { AssemblyDialect } from './failure.ts';
import type { FileTree } from './file-tree.ts';
import { shipperOf } from './node.ts';
import type { FileNode, TreeNode } from './node.ts';
import { clean, shortened } from './path-rules.ts';
import { isLibraryName, sharedObject } from './shared-object.ts';
import type { SharedObject } from './shared-object.ts';

const bufferedBytesMax = 16 * 1024 * 1024;
const includeDepthMax = 16;
/** `e_machine` to the flags of an entry: a shared library of that architecture's loader. */
const flagsOfMachine: ReadonlyMap<number, number> = new Map([
  [62, 0x0303],
  [183, 0x0a03],
]);

/** A library has several names and is read once. */
type KnownLibraries = Map<FileNode, SharedObject | undefined>;

interface CacheEntry {
  readonly flags: number;
  readonly path: string;
  readonly name: string;
}

/**
 * Writes `etc/ld.so.cache`, the index of shared libraries of glibc's loader, when there is an `etc/ld.so.conf`. In dialect `apko`
 * a library of a machine other than x86-64 and AArch64 throws `ASSEMBLE_LOADER_MACHINE`; otherwise it is left out.
 */
export async function addLoaderCache(tree: FileTree, dialect: AssemblyDialect): Promise<void> {
  if (tree.at('etc/ld.so.conf')?.type !== 'file') return;
  const configured =
    dialect === 'apko'
      ? await apkoDirectories(tree, 'etc/ld.so.conf', 0)
      : await configuredDirectories(tree, 'etc/ld.so.conf', 0);
  const directories = distinct(tree, ['/lib', ...configured], dialect);
  const entries: CacheEntry[] = [];
  const known: KnownLibraries = new Map();
  for (const directory of directories) {
    entries.push(...(await entriesOf(tree, directory, { dialect, known })));
  }
  entries.sort((a, b) => compareNames(b.name, a.name));
  tree.write('etc/ld.so.cache', printCache(entries)).mode = 0o644;
}

/** apko scans a directory as often as it is listed; Kiln once, whichever name it has. */
function distinct(
  tree: FileTree,
  directories: readonly string[],
  dialect: AssemblyDialect,
): readonly string[] {
  if (dialect === 'apko') return directories;
  const byRealPath = new Map<string, string>();
  for (const directory of directories) {
    const real = tree.realPath(directory);
    if (real !== undefined && !byRealPath.has(real)) byRealPath.set(real, directory);
  }
  return [...byRealPath.values()];
}

async function configuredDirectories(
  tree: FileTree,
  path: string,
  depth: number,
): Promise<string[]> {
  requireDepth(path, depth);
  const found = new Set<string>();
  for (const line of ((await readText(tree, path)) ?? '').split('\n')) {
    const text = line.replace(/#.*/, '').trim();
    const include = /^include\s+(.*)$/.exec(text)?.[1];
    if (include === undefined) {
      if (text !== '') found.add(text);
      continue;
    }
    const base = include.startsWith('/')
      ? include
      : `${path.slice(0, path.lastIndexOf('/'))}/${include}`;
    for (const file of matchingPaths(tree, base)) {
      for (const directory of await configuredDirectories(tree, file, depth + 1))
        found.add(directory);
    }
  }
  return [...found];
}

/**
 * As apko reads them: what is included is named from the root, may be listed again, and ends the file, but for a pattern that is none.
 */
async function apkoDirectories(tree: FileTree, path: string, depth: number): Promise<string[]> {
  requireDepth(path, depth);
  const found: string[] = [];
  for (const line of ((await readText(tree, path)) ?? '').split('\n')) {
    const text = line.replace(/#.*/, '').trim();
    if (text.startsWith('include ')) {
      const included = text.slice('include '.length).trim();
      if (!isPattern(included)) continue;
      for (const file of matchingPaths(tree, included))
        found.push(...(await apkoDirectories(tree, file, depth + 1)));
      return found;
    }
    if (text !== '' && !found.includes(text)) found.push(text);
  }
  return found;
}

function requireDepth(path: string, depth: number): void {
  if (depth > includeDepthMax)
    throw assemblyError('ASSEMBLE_PATH_INVALID', path, 'includes nest too deeply');
}

async function entriesOf(
  tree: FileTree,
  directory: string,
  { dialect, known }: { readonly dialect: AssemblyDialect; readonly known: KnownLibraries },
): Promise<CacheEntry[]> {
  const place = dialect === 'apko' && directory.startsWith('/') ? shortened(directory) : directory;
  const node = tree.at(place);
  if (node !== undefined && node.type !== 'directory' && dialect === 'apko')
    throw assemblyError('ASSEMBLE_PATH_INVALID', directory, 'is not a directory');
  if (node?.type !== 'directory') return [];
  const names = [...node.children.keys()].filter(isLibraryName);
  const entries: CacheEntry[] = [];
  for (const name of names.sort(compareBytes)) {
    const path = `/${clean(`${place}/${name}`)}`;
    const file = foundAt(tree, path);
    if (file?.type !== 'file') continue;
    if (!known.has(file)) known.set(file, await libraryOf(file, path));
    const library = known.get(file);
    if (library === undefined) continue;
    const flags = flagsOfMachine.get(library.machine);
    if (flags === undefined && dialect === 'apko') {
      throw assemblyError(
        'ASSEMBLE_LOADER_MACHINE',
        path,
        `no loader cache for machine ${library.machine}`,
      );
    }
    if (flags !== undefined && isListed(name, library)) entries.push({ flags, path, name });
  }
  return entries;
}

/** A library is listed under its soname and under the name that linkers look for. */
function isListed(name: string, library: SharedObject): boolean {
  const soname = library.soname ?? (name.endsWith('.so') ? name : undefined);
  if (soname === undefined) return false;
  const stem = soname.slice(0, soname.indexOf('.so'));
  return name === soname || name === `${stem}.so`;
}

/** A link that leads in a circle leads nowhere. */
function foundAt(tree: FileTree, path: string): TreeNode | undefined {
  try {
    return tree.at(path);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'ASSEMBLE_PATH_INVALID') return undefined;
    throw error;
  }
}

/** What the package knows of its file, or what is read. */
async function libraryOf(file: FileNode, path: string): Promise<SharedObject | undefined> {
  const known = shipperOf(file)?.libraries;
  if (known?.has(file.index) === true) return known.get(file.index);
  return sharedObject(await sourceOf(file, path));
}

/** Small libraries are read once; of large ones only the ranges asked for are kept. */
async function sourceOf(file: FileNode, path: string): Promise<ByteSource> {
  if (file.sizeBytes <= bufferedBytesMax)
    return byteSource(await readFile(file, path, bufferedBytesMax));
  return { sizeBytes: file.sizeBytes, range: (start, end) => rangeOf(file, start, end) };
}

async function rangeOf(file: FileNode, start: number, end: number): Promise<Uint8Array> {
  const content = contentOf(file);
  const kept: Uint8Array[] = [];
  let position = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    if (position + chunk.length > start)
      kept.push(chunk.slice(Math.max(0, start - position), Math.max(0, end - position)));
    position += chunk.length;
    if (position >= end) break;
  }
  return Buffer.concat(kept);
}

/** glibc's order of names: digits compare as numbers and rank above anything else. */
function compareNames(a: string, b: string): number {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const x = left[i] ?? 0;
    const y = right[j] ?? 0;
    if (isDigit(x) !== isDigit(y)) return isDigit(x) ? 1 : -1;
    if (!isDigit(x)) {
      if (x !== y) return x - y;
      i += 1;
      j += 1;
      continue;
    }
    const first = digitsAt(a, i);
    const second = digitsAt(b, j);
    const order = BigInt(first) === BigInt(second) ? 0 : BigInt(first) < BigInt(second) ? -1 : 1;
    if (order !== 0) return order;
    i += first.length;
    j += second.length;
  }
  return left.length - i - (right.length - j);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function digitsAt(text: string, start: number): string {
  return /^\d+/.exec(Buffer.from(text).subarray(start).toString('latin1'))?.[0] ?? '0';
}

/** The layout of `glibc-ld.so.cache1.1` without extensions (glibc, sysdeps/generic/dl-cache.h). */
function printCache(entries: readonly CacheEntry[]): Uint8Array {
  const header = 48;
  const entrySize = 24;
  const strings = Buffer.concat(entries.map(({ path }) => Buffer.from(`${path}\0`)));
  const stringsAt = header + entries.length * entrySize;
  const end = stringsAt + strings.length;
  const bytes = Buffer.alloc((end & ~15) + 16);
  bytes.write('glibc-ld.so.cache1.1', 0, 'latin1');
  bytes.writeUInt32LE(entries.length, 20);
  bytes.writeUInt32LE(strings.length, 24);
  let at = stringsAt;
  entries.forEach(({ flags, path, name }, i) => {
    const offset = header + i * entrySize;
    bytes.writeUInt32LE(flags, offset);
    bytes.writeUInt32LE(at + Buffer.byteLength(path) - Buffer.byteLength(name), offset + 4);
    bytes.writeUInt32LE(at, offset + 8);
    at += Buffer.byteLength(path) + 1;
  });
  strings.copy(bytes, stringsAt);
  return bytes;
}
