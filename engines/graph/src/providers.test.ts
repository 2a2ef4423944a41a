import type { RepositoryIndex } from '@kiln/solve/candidates';
import { expect, test } from 'vitest';
import { Providers } from './providers.ts';
import type { RecipeNode } from './recipe-node.ts';
import { index, recipe, record } from './testing.ts';

function given(nodes: readonly RecipeNode[], ...indexes: readonly RepositoryIndex[]) {
  const providers = new Providers(nodes, indexes);
  const name = (found: ReturnType<Providers['forPackage']>): string | undefined =>
    found && `${found.kind}: ${found.candidate.name}-${found.candidate.version}`;
  return {
    forBuild: (atom: string, of = -1) => name(providers.forBuild(atom, of)),
    forPackage: (atom: string) => name(providers.forPackage(atom)),
    forPublished: (atom: string) => name(providers.forPublished(atom)),
  };
}

const zlib = recipe('zlib', {
  version: '1.3-r2',
  packages: [{ name: 'zlib' }, { name: 'zlib-dev', provides: ['pc:zlib=1.3', 'libz-dev'] }],
});

test('a package gives its name at its version', () => {
  const { forBuild } = given([zlib]);
  for (const atom of ['zlib', 'zlib=1.3-r2', 'zlib==1.3-r2', 'zlib~1.3', 'zlib>=1.2', 'zlib@edge'])
    expect([atom, forBuild(atom)]).toEqual([atom, 'recipe: zlib-1.3-r2']);
  for (const atom of ['zlib>1.3-r2', 'zlib~1.2', 'zlib=1.3-r1', 'nothing', 'zlib<nonsense'])
    expect([atom, forBuild(atom)]).toEqual([atom, undefined]);
});

test('a package gives what it declares, with a version or without', () => {
  const { forBuild } = given([zlib]);
  expect(forBuild('pc:zlib>1.2')).toBe('recipe: zlib-dev-1.3-r2');
  expect(forBuild('pc:zlib>1.3')).toBeUndefined();
  expect(forBuild('libz-dev')).toBe('recipe: zlib-dev-1.3-r2');
  expect(forBuild('libz-dev>0')).toBeUndefined();
});

test('of several the highest version as provided is taken, then the priority, then the version, then the name', () => {
  const jdk = (name: string, version: string, provides: string[], providerPriority?: number) =>
    recipe(name, {
      version,
      packages: [
        { name, provides, ...(providerPriority === undefined ? {} : { providerPriority }) },
      ],
    });
  expect(given([jdk('a', '9-r0', ['jdk=1']), jdk('b', '1-r0', ['jdk=2'])]).forBuild('jdk')).toBe(
    'recipe: b-1-r0',
  );
  expect(given([jdk('a', '9-r0', ['jdk'], 1), jdk('b', '1-r0', ['jdk'], 5)]).forBuild('jdk')).toBe(
    'recipe: b-1-r0',
  );
  expect(given([jdk('a', '1-r0', ['jdk']), jdk('b', '9-r0', ['jdk'])]).forBuild('jdk')).toBe(
    'recipe: b-9-r0',
  );
  expect(given([jdk('b', '1-r0', ['jdk']), jdk('a', '1-r0', ['jdk'])]).forBuild('jdk')).toBe(
    'recipe: a-1-r0',
  );
});

test('the tree goes before what is published, which gives what the tree cannot', () => {
  const { forBuild } = given([zlib], index(record('zlib', '1.4-r0'), record('m4', '1-r0')));
  expect(forBuild('zlib')).toBe('recipe: zlib-1.3-r2');
  expect(forBuild('zlib>=1.4')).toBe('published: zlib-1.4-r0');
  expect(forBuild('m4')).toBe('published: m4-1-r0');
});

test('a published package takes what it needs from what is published, first', () => {
  const { forPublished } = given([zlib], index(record('zlib', '1.2-r0')));
  expect(forPublished('zlib')).toBe('published: zlib-1.2-r0');
  expect(forPublished('zlib-dev')).toBe('recipe: zlib-dev-1.3-r2');
});

test('a recipe gets its own packages from somewhere else, where there is one', () => {
  const nodes = [
    recipe('go', { version: '2-r0' }),
    recipe('go-old', { version: '1-r0', packages: [{ name: 'go-old', provides: ['go=1'] }] }),
  ];
  expect(given(nodes).forBuild('go', 0)).toBe('recipe: go-old-1-r0');
  expect(given(nodes, index(record('go', '1.9-r0'))).forBuild('go', 0)).toBe(
    'published: go-1.9-r0',
  );
  expect(given(nodes).forBuild('go', 1)).toBe('recipe: go-2-r0');
  expect(given(nodes.slice(0, 1)).forBuild('go', 0)).toBe('recipe: go-2-r0');
});

test('what a build generates is learnt from the newest published package of that name', () => {
  const nodes = [recipe('zlib', { version: '1.3-r2' }), recipe('app')];
  const published = index(
    record('zlib', '1.2-r0', { provides: ['so:libz.so.0=0'] }),
    record('zlib', '1.3-r1', { provides: ['so:libz.so.1=1.3', 'cmd:zcat=1.3-r1', 'virtual'] }),
  );
  const { forPackage } = given(nodes, published);
  expect(forPackage('so:libz.so.1')).toBe('recipe: zlib-1.3-r2');
  expect(forPackage('cmd:zcat')).toBe('recipe: zlib-1.3-r2');
  expect(forPackage('virtual')).toBe('published: zlib-1.3-r1');
  expect(forPackage('so:libz.so.0')).toBe('published: zlib-1.2-r0');
});

test('a tagged repository gives to atoms with its tag alone', () => {
  const edge: RepositoryIndex = { ...index(record('m4', '2-r0')), tag: 'edge' };
  const { forBuild } = given([], edge, index(record('m4', '1-r0')));
  expect(forBuild('m4')).toBe('published: m4-1-r0');
  expect(forBuild('m4@edge')).toBe('published: m4-2-r0');
});
