import { KilnError } from '@kiln/base';
import type { Recipe, Step } from '@kiln/recipe';
import { addressVariables, substitute } from '@kiln/recipe';
import { hostArchitecture } from '../local/architecture.ts';

/** A `fetch` of the main pipeline, its variables replaced. */
export interface FetchStep {
  readonly uri: string;
  readonly sha256: string | undefined;
  readonly sha512: string | undefined;
}

/**
 * The steps of the main pipeline that use `fetch` themselves, nested ones included, in their order: those that
 * `update-cache` and `bump` act on. An architecture in an address is this machine's. Throws `RECIPE_INVALID` for one
 * without address, `RECIPE_VARIABLE_UNKNOWN`.
 */
export function fetchSteps(recipe: Recipe): readonly FetchStep[] {
  const variables = addressVariables(recipe, hostArchitecture());
  const read = ({ with: inputs, position }: Step): FetchStep => {
    const uri = inputs['uri'];
    if (uri === undefined) throw new KilnError('RECIPE_INVALID', 'fetch has no uri', { position });
    return {
      uri: substitute(uri, variables, { position, what: 'uri' }),
      sha256: inputs['expected-sha256']?.toLowerCase(),
      sha512: inputs['expected-sha512']?.toLowerCase(),
    };
  };
  const walk = (step: Step): readonly FetchStep[] => [
    ...(step.uses === 'fetch' ? [read(step)] : []),
    ...step.pipeline.flatMap(walk),
  ];
  return recipe.pipeline.flatMap(walk);
}
