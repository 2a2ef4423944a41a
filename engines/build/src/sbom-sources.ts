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
          checksum: checksumOf(step),
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

function checksumOf({ with: inputs }: CompiledStep): PackageSource['checksum'] {
  const [sha256, sha512] = [inputs['expected-sha256'] ?? '', inputs['expected-sha512'] ?? ''];
  if (sha256 === '' && sha512 === '') return undefined;
  return sha256 === ''
    ? { algorithm: 'sha512', hex: sha512 }
    : { algorithm: 'sha256', hex: sha256 };
}
