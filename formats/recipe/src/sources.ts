import { KilnError, shorten } from '@kiln/base';
import type {
  CompiledRecipe,
  CompiledStep,
  CompiledSubpackage,
  SourceReference,
} from './compiled.ts';

/** The upstream files that `fetch` steps name with a digest, of steps and subpackages that apply. */
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
    const own =
      step.uses === 'fetch' && isPinned(step)
        ? [fetchOf(step, { stepIndex, topLevel, subpackage })]
        : [];
    return [...own, ...step.pipeline.flatMap((nested) => walk(nested, stepIndex, false))];
  };
  return steps.flatMap((step, index) => walk(step, index, true));
}

function isPinned({ with: inputs }: CompiledStep): boolean {
  return inputs['expected-sha256'] !== undefined || inputs['expected-sha512'] !== undefined;
}

/** Throws `RECIPE_FETCH_UNPINNED` for a `fetch` without a digest: a build only sees bytes that the recipe names. */
export function requirePinnedSources(compiled: CompiledRecipe): void {
  const walk = (step: CompiledStep): void => {
    if (!step.applies) return;
    if (step.uses === 'fetch' && !isPinned(step)) {
      const uri = shorten(step.with['uri'] ?? '');
      throw new KilnError('RECIPE_FETCH_UNPINNED', `fetch of "${uri}" names no digest`, {
        position: step.position,
        hint: 'add expected-sha256 or expected-sha512; expected-none is not accepted',
      });
    }
    step.pipeline.forEach(walk);
  };
  compiled.pipeline.forEach(walk);
  for (const { applies, pipeline } of compiled.subpackages) if (applies) pipeline.forEach(walk);
}

function fetchOf(
  step: CompiledStep,
  where: Pick<SourceReference, 'stepIndex' | 'topLevel' | 'subpackage'>,
): SourceReference {
  const { position } = step;
  const uri = step.with['uri'] ?? '';
  const sha256 = step.with['expected-sha256'];
  const sha512 = step.with['expected-sha512'];
  const hex = sha256 ?? sha512 ?? '';
  return {
    uri,
    digest: { algorithm: sha256 === undefined ? 'sha512' : 'sha256', hex: hex.toLowerCase() },
    purlName: step.with['purl-name'] ?? '',
    purlVersion: step.with['purl-version'] ?? '',
    ...where,
    position,
  };
}
