import { KilnError, shorten } from '@kiln/base';
import type { CompiledStep, CompiledSubpackage, SourceReference } from './compiled.ts';

/**
 * The upstream files that `fetch` steps name, of steps and subpackages that apply.
 * Throws `RECIPE_FETCH_UNPINNED` for one without a digest: a build only sees bytes that the recipe names.
 */
export function sourcesOf(
  pipeline: readonly CompiledStep[],
  subpackages: readonly CompiledSubpackage[],
): readonly SourceReference[] {
  return [
    ...fetchesOf(pipeline, undefined),
    ...subpackages
      .filter(({ applies }) => applies)
      .flatMap(({ name, pipeline: steps }) => fetchesOf(steps, name)),
  ];
}

function fetchesOf(
  steps: readonly CompiledStep[],
  subpackage: string | undefined,
): readonly SourceReference[] {
  const walk = (
    step: CompiledStep,
    stepIndex: number,
    topLevel: boolean,
  ): readonly SourceReference[] => {
    if (!step.applies) return [];
    const own = step.uses === 'fetch' ? [fetchOf(step, { stepIndex, topLevel, subpackage })] : [];
    return [...own, ...step.pipeline.flatMap((nested) => walk(nested, stepIndex, false))];
  };
  return steps.flatMap((step, index) => walk(step, index, true));
}

function fetchOf(
  step: CompiledStep,
  where: Pick<SourceReference, 'stepIndex' | 'topLevel' | 'subpackage'>,
): SourceReference {
  const { position } = step;
  const uri = step.with['uri'] ?? '';
  const sha256 = step.with['expected-sha256'];
  const sha512 = step.with['expected-sha512'];
  const hex = sha256 ?? sha512;
  if (hex === undefined) {
    throw new KilnError('RECIPE_FETCH_UNPINNED', `fetch of "${shorten(uri)}" names no digest`, {
      position,
      hint: 'add expected-sha256 or expected-sha512; expected-none is not accepted',
    });
  }
  return {
    uri,
    digest: { algorithm: sha256 === undefined ? 'sha512' : 'sha256', hex: hex.toLowerCase() },
    purlName: step.with['purl-name'] ?? '',
    purlVersion: step.with['purl-version'] ?? '',
    ...where,
    position,
  };
}
