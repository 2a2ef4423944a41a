import type { CompiledStep } from '@kiln/recipe';
import { fetchSource, gitSource, type PackageSource } from '@kiln/spdx';
import type { BuildPlan } from './plan.ts';

/**
 * What the steps at the top of a pipeline bring into a build, as the SBOM lists it (packages.md 14.2): the reference lists
 * steps that do not apply, too.
 */
export function sbomSourcesOf(
  { compiled: { recipe } }: BuildPlan,
  steps: readonly CompiledStep[],
  licenseDeclared: string,
): readonly PackageSource[] {
  const { dialect } = recipe;
  return steps.flatMap((step, index): readonly PackageSource[] => {
    if (dialect === 'kiln' && !step.applies) return [];
    const input = (name: string): string => step.with[name] ?? '';
    if (step.uses === 'fetch') {
      return [
        fetchSource({
          name: input('purl-name'),
          version: input('purl-version'),
          index,
          uri: input('uri'),
          checksums: checksumsOf(step, dialect),
        }),
      ];
    }
    if (step.uses !== 'git-checkout') return [];
    const source = gitSource({
      repository: input('repository'),
      branch: input('branch'),
      tag: input('tag'),
      commit: input('expected-commit'),
      index,
      licenseDeclared,
      dialect,
    });
    return source === undefined ? [] : [source];
  });
}

/** melange lists both; the pipeline compares the first alone. */
function checksumsOf(
  { with: inputs }: CompiledStep,
  dialect: BuildPlan['compiled']['recipe']['dialect'],
): PackageSource['checksums'] {
  const given = (['sha256', 'sha512'] as const).flatMap((algorithm) => {
    const hex = inputs[`expected-${algorithm}`] ?? '';
    return hex === '' ? [] : [{ algorithm, hex }];
  });
  return dialect === 'melange' ? given : given.slice(0, 1);
}
