import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { expect, test } from 'vitest';
import { packageDot } from './package-dot.ts';

const record = (name: string, fields: Partial<IndexRecord> = {}): IndexRecord => ({
  ...emptyRecord,
  name,
  version: '1-r0',
  ...fields,
});

const input = {
  file: 'image.yaml',
  world: ['a=1-r0', 'virtual'],
  packages: [
    record('c', { provides: ['virtual=2', 'so:c.so.1=1'], description: 'a "c"' }),
    record('a', { depends: ['c', 'so:c.so.1', '!d'] }),
  ],
  asTree: false,
};

test('a graph has the file, what it asks for, packages, and what gives the names they need', () => {
  expect(packageDot(input).split('\n')).toEqual([
    'digraph images {',
    '  rankdir=LR;',
    String.raw`  "c" [label="c-1-r0", tooltip="a \"c\""];`,
    '  "a" [label="a-1-r0", tooltip=""];',
    '  "virtual" [shape=rect];',
    '  "so:c.so.1" [shape=rect];',
    '  "image.yaml" -> "a=1-r0";',
    '  "a=1-r0" -> "a";',
    '  "image.yaml" -> "virtual";',
    '  "a" -> "c";',
    '  "a" -> "so:c.so.1";',
    '  "virtual" -> "c";',
    '  "so:c.so.1" -> "c";',
    '}',
    '',
  ]);
});

test('a tree has one edge to each node', () => {
  const edges = packageDot({ ...input, asTree: true }).match(/ -> "[^"]*"/g) ?? [];
  expect(new Set(edges).size).toBe(edges.length);
});

test('reasons for no solution are below each other', () => {
  const text = packageDot({ ...input, packages: [], failure: ['solving "a"', '  nothing'] });
  expect(text).toContain(String.raw`"error" -> "solving \"a\""`);
  expect(text).toContain(String.raw`"solving \"a\"" -> "nothing"`);
});
