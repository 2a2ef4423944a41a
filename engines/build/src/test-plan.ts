import { compareBytes, digestOfValue, type Digest } from '@kiln/base';
import type { Architecture, CompiledStep, CompiledTest } from '@kiln/recipe';
import type { LockedPackage } from './plan.ts';
import { mergedLayers } from './script.ts';

export interface TestPlan {
  readonly packageName: string;
  readonly arch: Architecture;
  readonly test: CompiledTest;
  /** As `testPackage` takes them. */
  readonly variables: readonly Readonly<Record<string, string>>[];
  /** The locked guest; the package under test is one of it. */
  readonly environment: readonly LockedPackage[];
  /** Name and version of what tests; a change of either tests again. */
  readonly builder: { readonly name: string; readonly version: string };
}

/**
 * The name of a test: a digest over its steps (sources and their digests are part of them), its locked guest, variables and
 * who runs it. Where the recipe has the test, and how that is laid out, is no part.
 */
export function testActionDigest(plan: TestPlan): Digest {
  const { packageName, arch, variables, builder, test } = plan;
  return digestOfValue({
    action: 'package-test/1',
    builder,
    arch,
    package: packageName,
    environment: [...plan.environment].sort((a, b) => compareBytes(a.name, b.name)),
    variables: mergedLayers([...variables, test.environment.environment]),
    steps: stepIdentities(test.pipeline),
  });
}

/** What the steps that apply do, and what the log calls them. */
function stepIdentities(steps: readonly CompiledStep[]): readonly unknown[] {
  return steps
    .filter(({ applies }) => applies)
    .map(({ name, uses, with: inputs, runs, workingDirectory, environment, ...step }) => ({
      name,
      uses,
      with: inputs,
      runs,
      workingDirectory,
      environment,
      requiredSteps: step.requiredSteps,
      steps: stepIdentities(step.pipeline),
    }));
}
