import { KilnError, type Position } from '@kiln/base';
import type { Growth } from './growth.ts';
import type { Input, Step } from './recipe.ts';
import type { RawStep } from './schema.ts';

export type Substitution = (text: string) => string;

/** Where the step under these indexes stands. */
export type StepPositions = (path: readonly PropertyKey[]) => Position;

/** How steps are made of what is written. */
export interface StepReading {
  readonly positionOf: StepPositions;
  readonly replace: Substitution;
  /** Whether combinations of keys that contradict each other are refused. */
  readonly checks: 'combinations' | 'none';
  readonly growth: Growth;
}

/** Steps with a substitution applied to everything but `uses`, `label` and `inputs`, checked for forbidden combinations. */
export function stepsOf(
  raw: readonly RawStep[],
  path: readonly PropertyKey[],
  reading: StepReading,
): readonly Step[] {
  return raw.map((step, index) => stepOf(step, [...path, index], reading));
}

export function stepOf(raw: RawStep, path: readonly PropertyKey[], reading: StepReading): Step {
  const { replace } = reading;
  const position = reading.positionOf(path);
  reading.growth.part(position);
  if (reading.checks === 'combinations') refuseCombinations(raw, position);
  return {
    name: replace(raw.name),
    uses: raw.uses,
    with: mapValues(raw.with, replace),
    runs: replace(raw.runs),
    pipeline: stepsOf(raw.pipeline, [...path, 'pipeline'], reading),
    if: replace(raw.if),
    workingDirectory: replace(raw['working-directory']),
    environment: mapValues(raw.environment ?? {}, replace),
    needs: raw.needs && (raw.needs.packages ?? []).map(replace),
    needsListed: raw.needs?.packages !== undefined,
    inputs: mapValues(raw.inputs, (input): Input => ({ ...input })),
    requiredSteps: raw.assertions && (raw.assertions['required-steps'] ?? 0),
    label: raw.label,
    position,
  };
}

function refuseCombinations(raw: RawStep, position: Position): void {
  const withInputs = Object.keys(raw.with).length > 0;
  if (withInputs && raw.uses === '') throw invalid('a step has "with" but no "uses"', position);
  if (raw.uses !== '' && raw.runs !== '')
    throw invalid('a step has both "uses" and "runs"', position);
}

function invalid(message: string, position: Position): KilnError {
  return new KilnError('RECIPE_INVALID', message, { position });
}

/**
 * The steps with the working directory (where a child has none) and the variables (the child's win) of each parent
 * pushed down to its nested steps.
 */
export function inheritDown(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({
    ...step,
    pipeline: inheritDown(
      step.pipeline.map((child) => ({
        ...child,
        workingDirectory:
          child.workingDirectory === '' ? step.workingDirectory : child.workingDirectory,
        environment: { ...step.environment, ...child.environment },
      })),
    ),
  }));
}

/**
 * melange has no place for the variables of a nested step where the step at the top says nothing of variables, and crashes
 * while it reads the recipe. Throws `RECIPE_INVALID`.
 */
export function refuseVariablesWithoutPlace(
  steps: readonly RawStep[],
  path: readonly PropertyKey[],
  positionOf: StepPositions,
): void {
  for (const [index, step] of steps.entries()) {
    if (step.environment !== undefined) continue;
    const nested = [...path, index, 'pipeline'];
    for (const [at, child] of step.pipeline.entries()) {
      if (Object.keys(child.environment ?? {}).length === 0) continue;
      const message = 'a nested step has "environment", the step around it has none';
      throw invalid(message, positionOf([...nested, at]));
    }
    refuseVariablesWithoutPlace(
      step.pipeline.map((child) => ({ ...child, environment: undefined })),
      nested,
      positionOf,
    );
  }
}

/** The record with each value replaced; names stay. */
export function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
