import { baseNameOf, directoryOf, resolvePath, type PackageTree } from '../tree.ts';
import type { Finding } from './relations.ts';
import type { Dialect, TreePlace } from './subject.ts';

export interface LanguageRequest {
  readonly tree: PackageTree;
  /** Dependencies that the recipe declares: one on the language itself stands for the derived one. */
  readonly declared: readonly string[];
  readonly dialect: Dialect;
  readonly place: TreePlace;
}

/**
 * Modules of Perl need the Perl of their directory: `perl~5`. Below `lib`, melange takes the wrong part of the path for
 * the version.
 */
export function perlModules({ tree, declared, dialect, place }: LanguageRequest): Finding {
  const modules = [/^perl[0-9]/, /_perl$/];
  const [path, inLib] = firstOf({ tree, place }, modules);
  if (path === undefined) return {};
  if (declared.includes('perl')) return spared(tree, 'perl');
  const [version = '', module = ''] = path;
  const named = inLib && dialect === 'melange' ? module : version;
  return { runtime: [`perl~${named.replace(/^perl/, '')}`] };
}

/** Modules of Python need the interpreter of their directory; of several the last counts. */
export function pythonModules({ tree, declared, dialect }: LanguageRequest): Finding {
  const version = dialect === 'melange' ? /^python(.*)$/ : /^python([0-9]+\.[0-9]+.*)$/;
  const found = tree.entries
    .filter(({ kind, path }) => kind === 'directory' && baseNameOf(path) === 'site-packages')
    .map(({ path }) => version.exec(baseNameOf(directoryOf(path)))?.[1])
    .findLast((one) => one !== undefined);
  if (found === undefined || found === '') return {};
  const own = declared.find((dependency) => dependency.startsWith('python'));
  return own === undefined ? { runtime: [`python-${found}-base`] } : spared(tree, own);
}

/** Gems need the Ruby of their directory. Of melange's pattern the last number begins with 0, 9 or a dot. */
export function rubyGems({ tree, declared, dialect, place }: LanguageRequest): Finding {
  const version = dialect === 'melange' ? /^[0-9].*\.[0-9].*\.[0.9]/s : /^[0-9].*\.[0-9].*\.[0-9]/s;
  const [path] = firstOf({ tree, place }, [/^ruby$/, /^gems$/, version, /^gems$/]);
  if (path === undefined) return {};
  const own = declared.find((name) => name === 'ruby' || name.startsWith('ruby-'));
  if (own !== undefined) return spared(tree, own);
  const found = path[2] ?? '';
  return { runtime: [`ruby-${found.slice(0, found.lastIndexOf('.'))}`] };
}

/** The names of the first path below `usr/lib`, else below `lib`, that fits a pattern name by name; whether it is below `lib`. */
function firstOf(
  { tree, place }: Pick<LanguageRequest, 'tree' | 'place'>,
  pattern: readonly RegExp[],
): readonly [names: readonly string[] | undefined, inLib: boolean] {
  const below = (directory: string, [first, ...rest]: readonly RegExp[]): string[] | undefined => {
    if (first === undefined) return [];
    // Links to what is no part of the package lead nowhere, as do all in an archive.
    const followed = place === 'workspace' ? resolvePath(tree, directory, outside) : undefined;
    const real = followed ?? directory;
    for (const name of namesIn(tree, real)) {
      const found = first.test(name) ? below(`${directory}/${name}`, rest) : undefined;
      if (found !== undefined) return [name, ...found];
    }
    return undefined;
  };
  const found = below('usr/lib', pattern);
  return found === undefined ? [below('lib', pattern), true] : [found, false];
}

const outside = { absolute: 'outside' } as const;

/** The names in a directory, in the order of the tree, which is that of their bytes. */
function namesIn(tree: PackageTree, directory: string): Iterable<string> {
  const below = tree.entries.filter(({ path }) => path.startsWith(`${directory}/`));
  return new Set(below.map(({ path }) => path.slice(directory.length + 1).split('/', 1)[0] ?? ''));
}

function spared(tree: PackageTree, dependency: string): Finding {
  return {
    warnings: [
      `${tree.packageName}: the dependency "${dependency}" is declared, so that none is derived from its modules`,
    ],
  };
}
