import { quotedShellWord } from '@kiln/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { directory, file, link, special } from './testing.ts';
import { globPattern } from './hardening.ts';
import { LineSplitter } from './log.ts';
import { stepScript } from './script.ts';
import { withSbom } from './sbom.ts';
import { collectTree, makeTree, resolveFile } from './tree.ts';
import type { TreeEntry } from './workspace.ts';

async function* each(entries: readonly TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries;
}

test('an exception matches whole paths, a star not across a slash', () => {
  expect(globPattern('usr/bin/*').test('usr/bin/a')).toBe(true);
  expect(globPattern('/usr/bin/*').test('usr/bin/a/b')).toBe(false);
  expect(globPattern('usr/**').test('usr/bin/a')).toBe(true);
  expect(globPattern('**/x.so').test('x.so')).toBe(true);
  expect(globPattern('**/x.so').test('usr/lib/xaso')).toBe(false);
  expect(globPattern('a+(b)[c]').test('a+(b)[c]')).toBe(true);
});

test('a quoted word survives the shell, and the script ends well', () => {
  expect(quotedShellWord("it's")).toBe(`'it'\\''s'`);
  expect(stepScript({ workingDirectory: 'a b', runs: 'true' })).toBe(
    "set -e -o pipefail\numask 022\n[ -d '/home/build/a b' ] || mkdir -p '/home/build/a b'\ncd '/home/build/a b'\ntrue\nexit 0\n",
  );
});

test.each([
  ['', '/home/build'],
  ['a/../b', '/home/build/b'],
  ['../../up/', '/up'],
  ['/a/../b', '/a/../b'],
])('the working directory "%s" is %s', (workingDirectory, path) => {
  expect(stepScript({ workingDirectory, runs: '' })).toContain(`\ncd '${path}'\n`);
});

describe('a tree', () => {
  test.each([
    ['a fifo', special('run/x', 'fifo'), /is a fifo/],
    ['a dot file at the root', file('.hidden'), /dot at the root/],
    ['a link above the root', link('usr/x', '../../etc'), /above the root/],
    ['a name with a line break', file('usr/a\nb'), /control character/],
  ])('with %s is refused', async (_what, entry, message) => {
    await expect(collectTree('a', each([entry]))).rejects.toMatchObject({
      code: 'BUILD_TREE_REFUSED',
      message: expect.stringMatching(message),
    });
  });

  test('that melange would pack holds devices and fifos, and no sockets', async () => {
    const entries = [special('c', 'char'), special('b', 'block'), special('f', 'fifo')];
    const tree = await collectTree('a', each(entries), 'melange');
    expect(tree.entries).toEqual(entries);
    await expect(collectTree('a', each([special('s', 'socket')]), 'melange')).rejects.toMatchObject(
      {
        code: 'BUILD_TREE_REFUSED',
        message: expect.stringMatching(/is a socket/),
      },
    );
  });

  test('links are followed inside it, in circles not for ever', () => {
    const tree = makeTree('a', [
      directory('usr/lib'),
      link('lib', 'usr/lib'),
      file('usr/lib/liba.so.1'),
      link('usr/lib/liba.so', 'liba.so.1'),
      link('abs', '/lib/liba.so'),
      link('loop', 'loop'),
      link('out', '../../x'),
    ]);
    expect(resolveFile(tree, 'abs')?.path).toBe('usr/lib/liba.so.1');
    expect(resolveFile(tree, 'lib/liba.so')?.path).toBe('usr/lib/liba.so.1');
    expect(resolveFile(tree, 'loop')).toBeUndefined();
    expect(resolveFile(tree, 'out')).toBeUndefined();
  });

  test('takes its SBOM in walk order, and over a file of its own for melange alone', () => {
    const sbom = { fileName: 'a.json', sbom: Buffer.from('{}'), dialect: 'kiln' } as const;
    const tree = makeTree('a', [directory('usr'), directory('var'), directory('var-x')]);
    expect(withSbom(tree, sbom).entries.map(({ path }) => path)).toEqual([
      'usr',
      'var',
      'var/lib',
      'var/lib/db',
      'var/lib/db/sbom',
      'var/lib/db/sbom/a.json',
      'var-x',
    ]);
    const taken = makeTree('a', [file('var/lib/db/sbom/a.json')]);
    expect(() => withSbom(taken, sbom)).toThrow(/where the SBOM goes/);
    const written = withSbom(taken, { ...sbom, dialect: 'melange' });
    expect(written.byPath.get('var/lib/db/sbom/a.json')).toMatchObject({ sizeBytes: 2 });
    expect(() => withSbom(makeTree('a', [link('var', 'tmp')]), sbom)).toThrow(
      /must be a directory/,
    );
  });
});

test('lines do not depend on how output was cut into chunks', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '\r', '😀') });
  const cuts = fc.array(fc.nat(20));
  const split = (bytes: Uint8Array, sizes: readonly number[]): string[] => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    let at = 0;
    for (const size of sizes) splitter.push(bytes.subarray(at, (at += size)));
    splitter.push(bytes.subarray(at));
    splitter.end();
    return lines;
  };
  const outcome = fc.check(
    fc.property(text, cuts, (value, sizes) => {
      const bytes = Buffer.from(value);
      expect(split(bytes, sizes)).toEqual(split(bytes, []));
    }),
  );
  expect(outcome.failed).toBe(false);
});
