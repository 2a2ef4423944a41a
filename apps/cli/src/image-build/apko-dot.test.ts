import { emptyRecord } from '@kiln/apk';
import type { IndexRecord } from '@kiln/apk';
import { expect, test } from 'vitest';
import { apkoDot } from './apko-dot.ts';

const one = (name: string, more: Partial<IndexRecord> = {}): IndexRecord => ({
  ...emptyRecord,
  name,
  version: '1-r0',
  ...more,
});

const input = {
  file: 'image.yaml',
  world: ['a>=1', 'b~1', 'virtual', 'a>=1'],
  packages: [
    one('c', { description: 'says "hello"' }),
    one('a', { depends: ['c', 'a', 'so:x.so.1'] }),
    one('b', { depends: ['c=1-r0'], provides: ['virtual', 'so:x.so.1=1', 'unasked'] }),
  ],
};

test('a graph is drawn as apko draws it', () => {
  expect(apkoDot({ ...input, asTree: false })).toBe(`digraph images {
graph [
  rankdir=LR;
];
"image.yaml";
"a>=1";
"image.yaml" -> "a>=1"
"a>";
"a>=1" -> "a>"
"b~1";
"image.yaml" -> "b~1"
b [label="b-1-r0", tooltip=""];
"b~1" -> b
virtual;
"image.yaml" -> virtual
"image.yaml" -> "a>=1"
"a>=1" -> "a>"
c [label="c-1-r0", tooltip="says \\"hello\\""];
a [label="a-1-r0", tooltip=""];
a -> c
"so:x.so.1" [shape=rect];
a -> "so:x.so.1"
b -> c
virtual -> b
"so:x.so.1" -> b
}

`);
});

test('as a tree each package is led to once', () => {
  const tree = apkoDot({ ...input, asTree: true });
  expect(tree.match(/ -> c$/gm)).toHaveLength(1);
  expect(tree).toContain('a -> c\n');
});
