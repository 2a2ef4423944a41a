import { compareBytes, firstIndex } from '@kiln/base';
import type { TarEntry } from '@kiln/tar';

/** What the order of a file depends on. */
export type OrderedFile = Pick<TarEntry, 'path' | 'type'>;

/** Whether each entry comes behind the directory that it is in, where the package has that. */
export function areParentsFirst(entries: readonly OrderedFile[]): boolean {
  const seen = new Set<string>();
  const later = new Set<string>();
  for (const { path } of entries) {
    if (later.has(path)) return false;
    seen.add(path);
    for (
      let slash = path.lastIndexOf('/');
      slash !== -1;
      slash = path.lastIndexOf('/', slash - 1)
    ) {
      const parent = path.slice(0, slash);
      if (seen.has(parent) || later.has(parent)) break;
      later.add(parent);
      if (slash === 0) break;
    }
  }
  return true;
}

/**
 * The entries in apko's order, without those that lie in a directory that the package does not have. A directory and what is in
 * it are equal to apko, which is no order: of an archive with a directory behind what is in it the outcome is that of Go's
 * `sort.SliceStable`, which is therefore repeated here.
 */
export function sortedAsApko<T extends OrderedFile>(entries: readonly T[]): T[] {
  const sorted = [...entries];
  stableSort(sorted);
  const directories = new Set(
    entries.filter(({ type }) => type === 'directory').map(({ path }) => path),
  );
  return sorted.filter(({ path }) => parentsOf(path).every((parent) => directories.has(parent)));
}

function parentsOf(path: string): string[] {
  const components = path.split('/').slice(0, -1);
  return components.map((_, i) => components.slice(0, i + 1).join('/'));
}

function isLess(a: OrderedFile, b: OrderedFile): boolean {
  if (a.path === b.path) return false;
  const [x, y] = [a.path.split('/'), b.path.split('/')];
  const shared = Math.min(x.length, y.length) - 1;
  let at = 0;
  while (at < shared && x[at] === y[at]) at += 1;
  const isDirectory = (entry: OrderedFile, components: readonly string[]): boolean =>
    at + 1 < components.length || entry.type === 'directory';
  const [ofA, ofB] = [isDirectory(a, x), isDirectory(b, y)];
  if (at < shared || ofA === ofB) return compareBytes(x[at] ?? '', y[at] ?? '') < 0;
  return !ofA;
}

const blockSize = 20;

function stableSort(list: OrderedFile[]): void {
  for (let from = 0; from < list.length; from += blockSize)
    insertionSort(list, from, Math.min(from + blockSize, list.length));
  for (let size = blockSize; size < list.length; size *= 2)
    for (let from = 0; from + size < list.length; from += 2 * size)
      merge(list, from, from + size, Math.min(from + 2 * size, list.length));
}

function insertionSort(list: OrderedFile[], from: number, to: number): void {
  for (let i = from + 1; i < to; i += 1)
    for (let j = i; j > from && less(list, j, j - 1); j -= 1) swap(list, j, j - 1);
}

/** SymMerge (Kim and Kutzner, 2004) of two neighbours that are sorted. */
function merge(list: OrderedFile[], a: number, m: number, b: number): void {
  if (m - a === 1) {
    const i = m + firstIndex(b - m, (h) => less(list, m + h, a));
    for (let k = a; k < i - 1; k += 1) swap(list, k, k + 1);
    return;
  }
  if (b - m === 1) {
    const i = a + firstIndex(m - a, (h) => !less(list, m, a + h));
    for (let k = m; k > i; k -= 1) swap(list, k, k - 1);
    return;
  }
  const middle = (a + b) >>> 1;
  const n = middle + m;
  const [low, high] = m > middle ? [n - b, middle] : [a, m];
  const start = low + firstIndex(high - low, (c) => !less(list, n - 1 - low - c, low + c));
  const end = n - start;
  if (start < m && m < end) rotate(list, start, m, end);
  if (a < start && start < middle) merge(list, a, start, middle);
  if (middle < end && end < b) merge(list, middle, end, b);
}

function rotate(list: OrderedFile[], a: number, m: number, b: number): void {
  for (const [i, entry] of [...list.slice(m, b), ...list.slice(a, m)].entries())
    list[a + i] = entry;
}

function less(list: readonly OrderedFile[], i: number, j: number): boolean {
  const [a, b] = [list[i], list[j]];
  return a !== undefined && b !== undefined && isLess(a, b);
}

function swap(list: OrderedFile[], i: number, j: number): void {
  const [a, b] = [list[i], list[j]];
  if (a === undefined || b === undefined) return;
  list[i] = b;
  list[j] = a;
}
