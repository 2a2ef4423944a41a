import { sortUnique } from '@kiln/base';
import type { Dependencies, PackageOptions } from '@kiln/recipe';
import type { Dialect } from './subject.ts';

/** Relations that the content of a package implies. */
export interface GeneratedRelations {
  readonly runtime: readonly string[];
  readonly provides: readonly string[];
  /** Provided to the package itself only, from directories that nobody else searches. */
  readonly vendored: readonly string[];
}

/** What one analyser found; what it has nothing to say of is absent. */
export interface Finding extends Partial<GeneratedRelations> {
  /** Things worth a look, each naming its file. */
  readonly warnings?: readonly string[];
}

/** What the analysers found together, sorted bytewise, each once, less what the package's options turn off. */
export function gatherRelations(
  findings: readonly Finding[],
  options: PackageOptions,
): GeneratedRelations {
  const all = (pick: (finding: Finding) => readonly string[] | undefined): readonly string[] =>
    sortUnique(findings.flatMap((finding) => pick(finding) ?? [])).filter(
      (relation) => !(options.noCommands && relation.startsWith('cmd:')),
    );
  return {
    runtime: options.noDepends ? [] : all(({ runtime }) => runtime),
    provides: options.noProvides ? [] : all(({ provides }) => provides),
    vendored: all(({ vendored }) => vendored),
  };
}

/**
 * Joins what the recipe declares and what the content implies: generated dependencies that a vendored file satisfies go,
 * and so do dependencies on what the package itself provides. Sorted bytewise, each once.
 *
 * melange cuts the version off every `so-ver:` dependency when it compares, and keeps it cut.
 */
export function combineRelations(
  declared: Pick<Dependencies, 'runtime' | 'provides'>,
  generated: GeneratedRelations,
  dialect: Dialect = 'kiln',
): GeneratedRelations {
  const kept = dialect === 'melange' ? comparable : (dependency: string): string => dependency;
  const without = (runtime: readonly string[], provides: readonly string[]): readonly string[] => {
    const names = new Set(provides.map(nameOf));
    return runtime.filter((dependency) => !names.has(comparable(dependency))).map(kept);
  };
  const provides = sortUnique([...declared.provides, ...generated.provides]);
  const needed = without(generated.runtime, generated.vendored);
  return {
    runtime: without(sortUnique([...declared.runtime, ...needed]), provides),
    provides,
    vendored: generated.vendored,
  };
}

/** The name of a provide: the text before `=`. */
function nameOf(provide: string): string {
  return provide.split('=')[0] ?? '';
}

/** `so-ver:` dependencies are compared without their version. */
function comparable(dependency: string): string {
  return dependency.startsWith('so-ver:') ? (dependency.split('>=')[0] ?? '') : dependency;
}
