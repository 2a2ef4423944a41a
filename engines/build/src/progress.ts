import { digestOfValue, isDigest, type Digest } from '@kiln/base';
import { fullVersionOf, type CompiledRecipe } from '@kiln/recipe';
import { actionInputs, type PlanInputs } from './plan.ts';
import { baseEnvironment } from './script.ts';
import { listSteps, prefixDigests, type ListedStep } from './step-list.ts';
import { explainActions } from './why.ts';

/** The steps of one package of a build. */
export interface ListedPipeline {
  readonly name: string;
  readonly steps: readonly ListedStep[];
}

/** The pipelines of a build in the order in which they run: the main package's, then those of the subpackages that apply. */
export function pipelinesOf(compiled: CompiledRecipe): readonly ListedPipeline[] {
  const { name } = compiled.package;
  return [
    { name, steps: listSteps(compiled.pipeline, name) },
    ...compiled.subpackages
      .filter(({ applies }) => applies)
      .map((one) => ({ name: one.name, steps: listSteps(one.pipeline, one.name) })),
  ];
}

/** The variables under those of all steps. What a recipe says of `SOURCE_DATE_EPOCH` counts in dialect `melange` alone. */
export function variablesOf(
  plan: PlanInputs,
  ambient: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const { sourceDateEpoch, compiled } = plan;
  const layers = [ambient, plan.variables, compiled.environment.environment];
  if (compiled.recipe.dialect === 'kiln') return baseEnvironment({ layers, sourceDateEpoch });
  const date = { SOURCE_DATE_EPOCH: String(sourceDateEpoch) };
  return baseEnvironment({ layers: [date, ...layers], sourceDateEpoch: undefined });
}

/** How far a build got, as plain data: kept with its workspace, it tells whether another build can go on there. */
export interface BuildProgress {
  readonly version: 1;
  /** What the first step already depends on. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The steps of the build in order, with the digest of everything up to and with each. */
  readonly steps: readonly { readonly label: string; readonly digest: Digest }[];
  readonly stepsDone: number;
}

export function progressOf(plan: PlanInputs, stepsDone: number): BuildProgress {
  const inputs = startInputs(plan);
  const steps = pipelinesOf(plan.compiled).flatMap((pipeline) => pipeline.steps);
  const [, ...digests] = prefixDigests(digestOfValue(inputs), steps);
  return {
    version: 1,
    inputs,
    steps: steps.map(({ label }, index) => ({
      label,
      digest: digests[index] ?? digestOfValue(inputs),
    })),
    stepsDone,
  };
}

/** Everything but the steps that decides what they find: of the recipe only what is in the workspace and the guest. */
function startInputs(plan: PlanInputs): Readonly<Record<string, unknown>> {
  const { package: origin, environment } = plan.compiled;
  const {
    recipe: _recipe,
    recipeSource: _source,
    stripOrigin: _strip,
    ...inputs
  } = actionInputs(plan);
  return {
    ...inputs,
    // The note that compilers put into programs says so.
    package: { name: origin.name, version: fullVersionOf(origin), cpe: origin.cpe },
    variables: variablesOf(plan),
    // What the guest has besides its packages.
    accounts: environment.accounts,
    paths: environment.paths,
  };
}

/** Whether a build can go on with what another one left. */
export type Resumption =
  | { readonly kind: 'resume'; readonly stepsDone: number }
  /** One line per reason. */
  | { readonly kind: 'anew'; readonly reasons: readonly string[] };

/** Compares what was kept with a plan: everything before the step that failed has to be the same. */
export function resumeFrom(kept: BuildProgress, plan: PlanInputs): Resumption {
  const now = progressOf(plan, kept.stepsDone);
  const changes = explainActions(kept.inputs, now.inputs);
  if (changes.length > 0)
    return { kind: 'anew', reasons: changes.map(({ what, detail }) => `${what}: ${detail}`) };
  const done = kept.steps.slice(0, kept.stepsDone);
  const changed = done.findIndex(({ digest }, index) => now.steps[index]?.digest !== digest);
  if (changed < 0) return { kind: 'resume', stepsDone: kept.stepsDone };
  const place = `step ${changed + 1} of ${kept.steps.length}, "${done[changed]?.label ?? ''}"`;
  return { kind: 'anew', reasons: [`${place}, was done and has changed`] };
}

/** Reads progress that was kept as JSON. Undefined: it is none. */
export function parseProgress(value: unknown): BuildProgress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, inputs, steps, stepsDone } = value as Partial<BuildProgress>;
  const whole =
    version === 1 &&
    typeof inputs === 'object' &&
    Array.isArray(steps) &&
    steps.every(({ label, digest }) => typeof label === 'string' && isDigest(String(digest))) &&
    Number.isInteger(stepsDone) &&
    Number(stepsDone) >= 0 &&
    Number(stepsDone) <= steps.length;
  return whole ? (value as BuildProgress) : undefined;
}
