import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPackage, type PackageInfo } from '@kiln/apk';
import type { PackageFacts } from '@kiln/recipe';
import { describe, expect, test } from 'vitest';
import { analyseTrees, relationsOf, type AnalysedTree, type Dialect } from './analyse.ts';
import { libraryVersions, type LibraryVersions } from './analysis/library-versions.ts';
import { treeOfPackage } from './package-tree.ts';
import { installedSizeOf } from './tree.ts';

/** The small set lies here; the whole one, where there is one, beside the repository. */
const sets = [
  ['the kept set', fileURLToPath(new URL('../testdata/', import.meta.url))],
  ['the whole set', fileURLToPath(new URL('../../../../shared/data/parity/', import.meta.url))],
].filter(([, root = '']) => existsSync(join(root, 'melange/cases')));

/** What `melange compile` prints of a package, as far as it matters here. */
interface Declared {
  readonly name: string;
  readonly dependencies: Readonly<Record<'runtime' | 'provides', readonly string[] | undefined>>;
  readonly options?: Readonly<Record<string, boolean>>;
}

interface Case {
  readonly version: string;
  readonly declared: readonly Declared[];
  readonly analysed: readonly AnalysedTree[];
  readonly infos: readonly PackageInfo[];
  readonly versionedLibraries: boolean;
}

async function readCase(folder: string): Promise<Case> {
  const text = readFileSync(join(folder, 'expected/compile.json'), 'utf8');
  const { package: origin, subpackages = [] } = JSON.parse(text) as {
    package: Declared & { version: string; epoch: number };
    subpackages?: readonly Declared[];
  };
  const version = `${origin.version}-r${origin.epoch}`;
  const file = ({ name }: Declared): string => join(folder, `expected/${name}-${version}.apk`);
  const declared = [origin, ...subpackages].filter((one) => existsSync(file(one)));
  const read = await Promise.all(declared.map((one) => readPackage(readFileSync(file(one)))));
  const args = existsSync(join(folder, 'args')) ? readFileSync(join(folder, 'args'), 'utf8') : '';
  return {
    version,
    declared,
    analysed: await analyseTrees(
      await Promise.all(read.map((apk) => treeOfPackage(apk))),
      'melange',
    ),
    infos: read.map(({ info }) => info),
    versionedLibraries: args.includes('env=MELANGE_VERSIONED_SHLIB_DEPENDS=1'),
  };
}

function factsOf({
  dependencies,
  options = {},
}: Declared): Pick<PackageFacts, 'dependencies' | 'options'> {
  return {
    dependencies: {
      runtime: dependencies.runtime ?? [],
      provides: dependencies.provides ?? [],
      replaces: [],
      providerPriority: undefined,
      replacesPriority: undefined,
    },
    options: {
      noProvides: options['no-provides'] ?? false,
      noDepends: options['no-depends'] ?? false,
      noCommands: options['no-commands'] ?? false,
      noVersionedShlibDeps: options['no-versioned-shlib-deps'] ?? false,
    },
  };
}

/** The guest of the set holds no libraries, and neither does its index. */
function versionsFor(one: Case, dialect: Dialect): LibraryVersions | undefined {
  if (!one.versionedLibraries) return undefined;
  return libraryVersions({
    version: one.version,
    building: new Set(one.declared.map(({ name }) => name)),
    installed: new Map([['toolbox', '1.0.0-r0']]),
    index: [],
    dialect,
  });
}

type Lists = Readonly<Record<'depends' | 'provides' | 'vendored', readonly string[]>>;

async function derived(one: Case, dialect: Dialect): Promise<Readonly<Record<string, Lists>>> {
  const lists: [string, Lists][] = [];
  for (const [index, declared] of one.declared.entries()) {
    const subject = one.analysed[index];
    if (subject === undefined) throw new Error('not read');
    const { runtime, provides, vendored } = await relationsOf({
      subject,
      relatives: one.analysed,
      facts: factsOf(declared),
      version: one.version,
      libraryVersions: versionsFor(one, dialect),
      dialect,
    });
    lists.push([declared.name, { depends: runtime, provides, vendored }]);
  }
  return Object.fromEntries(lists);
}

function published(one: Case): Readonly<Record<string, Lists>> {
  return Object.fromEntries(
    one.infos.map(({ name, depends, provides, vendored }) => [
      name,
      { depends, provides, vendored },
    ]),
  );
}

/** Where Kiln's own rules give something else than melange's quirks, by package. */
const differences: Readonly<Record<string, Partial<Lists>>> = {
  'languages-rb-patch': { depends: ['ruby-3.3'] },
  'versioned-shlib': { depends: ['so:ld-linux-x86-64.so.2', 'so:libc.so.6'] },
  'versioned-shlib-user': { depends: ['so-ver:libgreet.so.1>=1.2.3-r1', 'so:libgreet.so.1'] },
};

describe.each(sets)('in %s', (_name, root = '') => {
  const folders = globSync('melange/cases/*/expected/compile.json', { cwd: root })
    .map((file) => join(root, dirname(dirname(file))))
    .sort();

  test.each(folders.map((folder) => [basename(folder), folder]))(
    'the relations of "%s" are those that melange derives',
    async (_case, folder = '') => {
      const one = await readCase(folder);
      const expected = published(one);
      expect(await derived(one, 'melange')).toEqual(expected);
      expect(await derived(one, 'kiln')).toEqual(
        Object.fromEntries(
          Object.entries(expected).map(([name, lists]) => [
            name,
            { ...lists, ...differences[name] },
          ]),
        ),
      );
      for (const [index, { tree }] of one.analysed.entries())
        expect(installedSizeOf(tree)).toBe(one.infos[index]?.installedSizeBytes);
    },
  );
});
