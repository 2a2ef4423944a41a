import { baseNameOf, directoryOf, type PackageTree } from '../tree.ts';
import type { Finding } from './relations.ts';
import type { Dialect } from './subject.ts';

export interface LanguageRequest {
  readonly tree: PackageTree;
  /** Dependencies that the recipe declares: one on the language itself stands for the derived one. */
  readonly declared: readonly string[];
  readonly dialect: Dialect;
}

/**
 * Modules of Perl need the Perl of their directory: `perl~5`. Below `lib`, melange takes the wrong part of the path for
 * the version.
 */
export function perlModules({ tree, declared, dialect }: LanguageRequest): Finding {
  const found = firstOf(tree, [
    /^usr\/lib\/perl([0-9][^/]*)\/[^/]*_perl$/,
    dialect === 'melange'
      ? /^lib\/perl[0-9][^/]*\/([^/]*_perl)$/
      : /^lib\/perl([0-9][^/]*)\/[^/]*_perl$/,
  ]);
  if (found === undefined) return {};
  if (declared.includes('perl')) return spared(tree, 'perl');
  return { runtime: [`perl~${found}`] };
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
export function rubyGems({ tree, declared, dialect }: LanguageRequest): Finding {
  const last = dialect === 'melange' ? '[0.9]' : '[0-9]';
  const gems = (library: string): RegExp =>
    new RegExp(`^${library}/ruby/gems/([0-9][^/]*\\.[0-9][^/]*\\.${last}[^/]*)/gems$`);
  const found = firstOf(tree, [gems('usr/lib'), gems('lib')]);
  if (found === undefined) return {};
  const own = declared.find((name) => name === 'ruby' || name.startsWith('ruby-'));
  if (own !== undefined) return spared(tree, own);
  return { runtime: [`ruby-${found.slice(0, found.lastIndexOf('.'))}`] };
}

/** What the first pattern that fits any path takes out of the first path it fits. */
function firstOf(tree: PackageTree, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns)
    for (const { path } of tree.entries) {
      const found = pattern.exec(path)?.[1];
      if (found !== undefined) return found;
    }
  return undefined;
}

function spared(tree: PackageTree, dependency: string): Finding {
  return {
    warnings: [
      `${tree.packageName}: the dependency "${dependency}" is declared, so that none is derived from its modules`,
    ],
  };
}
