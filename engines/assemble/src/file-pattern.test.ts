import { expect, test } from 'vitest';
import { isPattern, matchingPaths } from './file-pattern.ts';
import { FileTree } from './file-tree.ts';
import { apkoRules } from './path-rules.ts';

const tree = new FileTree(apkoRules);
for (const directory of ['etc/x1', 'etc/x2', 'd']) tree.mkdirAll(directory, 0o755);
for (const path of ['etc/x1/a.conf', 'etc/x1/b.conf', 'etc/x2/a.conf', 'etc/x3', 'd/é', 'd/[a]'])
  tree.write(path, '');

test.each([
  ['/etc/x1/*.conf', ['/etc/x1/a.conf', '/etc/x1/b.conf']],
  ['etc/*/a.conf', ['/etc/x1/a.conf', '/etc/x2/a.conf']],
  ['/*/x?/[b-z].conf', ['/etc/x1/b.conf']],
  ['/etc/x1/[^a].conf', ['/etc/x1/b.conf']],
  ['/etc/x1/[ab].c*f', ['/etc/x1/a.conf', '/etc/x1/b.conf']],
  ['/etc/x1/[b-a].conf', []],
  ['/etc/x1/[!a].conf', ['/etc/x1/a.conf']],
  ['/d/\\[a]', ['/d/[a]']],
  ['/d/?', ['/d/é']],
  ['/d/*[\\]]', ['/d/[a]']],
  ['/etc/x*/', []],
  ['/etc/x1/a.conf', ['/etc/x1/a.conf']],
  ['/etc/**1/a*a.conf', []],
])('the pattern %s leads to %j', (pattern, paths) => {
  expect(matchingPaths(tree, pattern)).toEqual(paths);
});

test.each(['[', 'a/[]', '[]a]', '[-a]', '[a-]', '[a', 'a\\'])('%s is no pattern', (pattern) => {
  expect(isPattern(pattern)).toBe(false);
  expect(matchingPaths(tree, pattern)).toEqual([]);
});

test('many stars take no time without end', () => {
  const wide = new FileTree(apkoRules);
  wide.write('a'.repeat(255), '');
  expect(matchingPaths(wide, `${'*a'.repeat(60)}*b`)).toEqual([]);
  expect(matchingPaths(wide, `${'*a'.repeat(60)}*`)).toHaveLength(1);
});
