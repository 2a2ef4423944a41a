import type { BuildFailure, TestPlan } from '@kiln/build';
import { showsOutput, testPackage } from '@kiln/build';
import { KilnError } from '@kiln/base';
import type { AttemptLog, EnvironmentPackage } from '@kiln/factory';
import { environmentRoot } from '@kiln/factory';
import type { TestReconcilerPorts } from './ports.ts';

export interface RunTestRequest {
  readonly plan: TestPlan;
  readonly environment: readonly EnvironmentPackage[];
  /** Of the recipe; ten minutes where it names none. */
  readonly timeoutMs: number | undefined;
  readonly log: AttemptLog;
  readonly signal: AbortSignal;
}

/**
 * Runs the test of one package in its guest. How long it took in milliseconds, or that the signal fired.
 * Throws `PACKAGE_TEST_FAILED` with what the step printed last.
 */
export async function runTest(
  ports: TestReconcilerPorts,
  { plan, environment, timeoutMs, log, signal }: RunTestRequest,
): Promise<number | 'aborted'> {
  const { packageName } = plan;
  const startedAt = ports.clock.now();
  const root = await environmentRoot(ports, environment, plan.arch);
  log.write(`--- test of ${packageName}\n`);
  const outcome = await testPackage({
    packageName,
    test: plan.test,
    variables: plan.variables,
    environmentRoots: [root],
    sideFiles: [],
    sandbox: ports.sandbox,
    workspaces: ports.workspaces,
    blobs: ports.blobs,
    fetchers: { sources: ports.sources, git: ports.git },
    clock: ports.clock,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    onLog: ({ step, text }) => log.write(`${step} | ${text}\n`),
    signal,
  });
  if (outcome.kind === 'aborted') return 'aborted';
  if (outcome.kind === 'failed') throw failed(packageName, outcome, log);
  log.write(`--- test of ${packageName}: passed\n`);
  return ports.clock.now() - startedAt;
}

const shownMax = 5;

/** A failed test as an error. What its steps printed is in the log already, and the last lines say most. */
function failed(packageName: string, failure: BuildFailure, log: AttemptLog): KilnError {
  const { message, findings, hint, position, retry = 'never' } = failure;
  if (!showsOutput(failure)) for (const finding of findings) log.write(`${finding}\n`);
  log.write(`--- test of ${packageName}: failed\n`);
  return new KilnError(
    'PACKAGE_TEST_FAILED',
    [`test of ${packageName}: ${message}`, ...findings.slice(-shownMax)].join('; '),
    { hint: hint ?? 'what was published stays until the test passes', position, retry },
  );
}
