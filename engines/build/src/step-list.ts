import { digestOfValue, shorten, type Digest, type Position } from '@kiln/base';
import type { CompiledStep } from '@kiln/recipe';
import { stepScript } from './script.ts';

/** One thing that the steps of a build come to, in the order in which it is done. */
export interface ListedStep {
  /** `script`: something runs. `assertion`: the nested steps that ran before it are counted. */
  readonly kind: 'script' | 'assertion';
  /** The package whose pipeline it is, and what it is called: `zlib-dev: split/dev`. */
  readonly label: string;
  readonly packageName: string;
  readonly step: CompiledStep;
  /** The step of the recipe that uses the pipeline in whose file this one stands; undefined for one of the recipe itself. */
  readonly usedAt: Position | undefined;
  /** The variables of the step and of those around it; the inner ones win. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The steps that apply as a list: for each its script, then those nested in it, then its assertion. Steps without a script
 * and without a working directory run nothing and are left out.
 */
export function listSteps(
  steps: readonly CompiledStep[],
  packageName: string,
  around: Readonly<Record<string, string>> = {},
  outermost?: Position,
): readonly ListedStep[] {
  return steps
    .filter(({ applies }) => applies)
    .flatMap((step) => {
      const environment = { ...around, ...step.environment };
      const label = `${packageName}: ${labelOf(step)}`;
      const first = outermost ?? step.position;
      const usedAt = first.file === step.position.file ? undefined : first;
      const listed = { label, packageName, step, usedAt, environment };
      return [
        ...(step.runs === '' && step.workingDirectory === ''
          ? []
          : [{ ...listed, kind: 'script' as const }]),
        ...listSteps(step.pipeline, packageName, environment, first),
        ...(step.requiredSteps === undefined ? [] : [{ ...listed, kind: 'assertion' as const }]),
      ];
    });
}

/** What an error calls a step: its position is in the pipeline's file, so that the recipe's is in here. */
export function namedStep({ label, usedAt }: ListedStep): string {
  return usedAt === undefined
    ? `step "${label}"`
    : `step "${label}", used at ${usedAt.file}:${usedAt.line},`;
}

/** What the log calls a step. */
export function labelOf(step: Pick<CompiledStep, 'name' | 'uses' | 'runs'>): string {
  const text = step.name || step.uses || (step.runs.trim().split('\n')[0] ?? '');
  return shorten(text === '' ? 'steps' : text, 60);
}

/**
 * For each number of steps the digest of everything that decides what a workspace holds after them: the first is `base`,
 * the last covers all steps. What steps are called and where they are written is no part.
 */
export function prefixDigests(base: Digest, steps: readonly ListedStep[]): readonly Digest[] {
  const digests = [base];
  let last = base;
  for (const step of steps) {
    last = digestOfValue([last, identityOf(step)]);
    digests.push(last);
  }
  return digests;
}

function identityOf({ kind, packageName, step, environment }: ListedStep): unknown {
  return kind === 'script'
    ? { packageName, script: stepScript(step), environment }
    : { packageName, requiredSteps: step.requiredSteps, ran: appliedIn(step) };
}

/** How many of the steps directly nested in one are run. */
export function appliedIn({ pipeline }: CompiledStep): number {
  return pipeline.filter(({ applies }) => applies).length;
}
