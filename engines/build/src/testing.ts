import { makeTree, type PackageTree } from './tree.ts';
import type { TreeEntry, TreeEntryFacts } from './workspace.ts';

/** Entries of trees for tests: files in memory that belong to the build's user. */
const facts = (path: string, mode: number): TreeEntryFacts => ({
  path,
  mode,
  uid: 1000,
  gid: 1000,
  xattrs: new Map(),
});

export function file(path: string, content: string | Uint8Array = '', mode = 0o755): TreeEntry {
  const bytes = Buffer.from(content);
  return {
    ...facts(path, mode),
    kind: 'file',
    sizeBytes: bytes.length,
    sha1: '',
    open: async function* () {
      yield bytes;
    },
    range: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

export const link = (path: string, target: string): TreeEntry => ({
  ...facts(path, 0o777),
  kind: 'symlink',
  target,
});

export const hardlink = (path: string, target: string, mode = 0o755): TreeEntry => ({
  ...facts(path, mode),
  kind: 'hardlink',
  target,
  sha1: '',
});

export const directory = (path: string): TreeEntry => ({
  ...facts(path, 0o755),
  kind: 'directory',
});

export const special = (path: string, what: 'fifo' | 'socket' | 'char' | 'block'): TreeEntry => ({
  ...facts(path, 0o644),
  kind: 'special',
  what,
});

export const tree = (name: string, ...entries: readonly TreeEntry[]): PackageTree =>
  makeTree(name, entries);
