import { expect, test } from 'vitest';
import { FileTree } from './file-tree.ts';
import { newFile, newSymlink } from './node.ts';

const file = () => newFile({ mode: 0o644, sizeBytes: 0, owner: undefined, index: 0, bytes: [] });
const names = (tree: FileTree) => [...tree.nodes()].map(({ folder, name }) => `${folder}${name}`);

test('a path leads where it leads now, whatever it led to a moment ago', () => {
  const tree = new FileTree();
  tree.mkdirAll('a/b', 0o755);
  tree.mkdirAll('c', 0o755);
  tree.put('a/b/first', file());
  tree.put('a/b', newSymlink('/c'));
  tree.put('a/b/second', file());
  tree.remove('a/b');
  expect(() => tree.put('a/b/third', file())).toThrow(/parent directory does not exist/);
  tree.mkdirAll('a/b', 0o755);
  tree.put('a/b/fourth', file());
  tree.put('a/b', file());
  expect(() => tree.put('a/b/fifth', file())).toThrow(/its parent is a file/);
  expect(names(tree)).toEqual(['a', 'a/b', 'c', 'c/second']);
});

test('a link that is replaced or removed through itself leads elsewhere, or nowhere', () => {
  const tree = new FileTree();
  tree.mkdirAll('c', 0o755);
  tree.put('l', newSymlink('.'));
  tree.put('l/first', file());
  tree.put('l/l', newSymlink('/c'));
  tree.put('l/second', file());
  expect(names(tree)).toEqual(['c', 'c/second', 'first', 'l']);
  tree.put('l', newSymlink('.'));
  tree.put('l/third', file());
  tree.remove('l/l');
  expect(() => tree.put('l/fourth', file())).toThrow(/parent directory does not exist/);
});

test('what a fork changes in a directory that was walked to stays in the fork', () => {
  const tree = new FileTree();
  tree.mkdirAll('a', 0o755);
  tree.put('a/first', file());
  const fork = tree.fork();
  expect(fork.at('a')).toBe(tree.at('a'));
  fork.put('a/second', file());
  expect(fork.entryAt('a/second')).toBeDefined();
  fork.put('a/third', file());
  expect(names(tree)).toEqual(['a', 'a/first']);
  expect(names(fork)).toEqual(['a', 'a/first', 'a/second', 'a/third']);
});

test('paths are cleaned, but `..` names no entry', () => {
  const tree = new FileTree();
  tree.mkdirAll('a', 0o755);
  tree.put('/a//./first', file());
  tree.put('a/second/', file());
  expect(names(tree)).toEqual(['a', 'a/first', 'a/second']);
  for (const path of ['', '/', '.', 'a/..', '..'])
    expect(() => tree.put(path, file())).toThrow(/names no entry/);
});
