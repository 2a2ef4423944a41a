import { sortUnique } from '@kiln/base';
import type { Dependencies, PackageOptions } from '@kiln/recipe';

/** Relations that the content of a package implies. */
export interface GeneratedRelations {
  readonly runtime: readonly string[];
  readonly provides: readonly string[];
  /** Provided to the package itself only, from directories that nobody else searches. */
  readonly vendored: readonly string[];
}

/** The name of a provide: the text before `=`. */
function nameOf(provide: string): string {
  return provide.split('=')[0] ?? '';
}

/** `so-ver:` dependencies are compared without their version. */
function comparable(dependency: string): string {
  return dependency.startsWith('so-ver:') ? (dependency.split('>=')[0] ?? '') : dependency;
}

/**
 * Joins what the recipe declares and what the content implies: options drop generated ones, generated dependencies that
 * a vendored file satisfies go, and so do dependencies on what the package itself provides. Sorted bytewise, each once.
 */
export function combineRelations(
  declared: Pick<Dependencies, 'runtime' | 'provides'>,
  generated: GeneratedRelations,
  options: PackageOptions,
): GeneratedRelations {
  const command = (relation: string): boolean => options.noCommands && relation.startsWith('cmd:');
  const vendoredNames = new Set(generated.vendored.map(nameOf));
  const runtime = options.noDepends
    ? []
    : generated.runtime.filter(
        (dependency) => !command(dependency) && !vendoredNames.has(comparable(dependency)),
      );
  const provides = options.noProvides
    ? []
    : generated.provides.filter((provide) => !command(provide));
  const allProvides = sortUnique([...declared.provides, ...provides]);
  const provided = new Set(allProvides.map(nameOf));
  return {
    runtime: sortUnique([...declared.runtime, ...runtime]).filter(
      (dependency) => !provided.has(comparable(dependency)),
    ),
    provides: allProvides,
    vendored: sortUnique(generated.vendored),
  };
}
