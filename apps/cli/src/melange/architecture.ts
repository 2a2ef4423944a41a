import { KilnError, shorten } from '@kiln/base';
import type { Architecture, Recipe } from '@kiln/recipe';
import { architectureOf, architectures } from '@kiln/recipe';
import { hostArchitecture } from '../local/architecture.ts';

/** The architecture that a flag names, in apk's or Go's spelling, or `host`; lists say `all` too. Throws `MELANGE_USAGE`. */
export function architectureOfFlag(name: string): Architecture {
  const arch = name === 'host' ? hostArchitecture() : architectureOf(name);
  if (arch !== undefined) return arch;
  throw new KilnError('MELANGE_USAGE', `no such architecture: "${shorten(name)}"`, {
    hint: `one of ${architectures.join(', ')}, or host`,
  });
}

/** Those that a list of flags names; all where it is empty, or nothing but `all`. */
export function architecturesOfFlag(names: readonly string[]): readonly Architecture[] {
  return names.join() === '' || names.join() === 'all'
    ? architectures
    : [...new Set(names.map(architectureOfFlag))];
}

/** A recipe that is not for the architecture: an error of one compilation, a line of a build. */
export function skipped(recipe: Recipe, arch: Architecture): KilnError {
  return new KilnError(
    'MELANGE_ARCHITECTURE_SKIPPED',
    `skip this arch: ${recipe.package.name} is not for ${arch}`,
    { hint: 'package.target-architecture names those it is for' },
  );
}
