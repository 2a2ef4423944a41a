import { assert, shorten, type Clock } from '@kiln/base';
import type { CompiledStep } from '@kiln/recipe';
import { LineSplitter, type BuildLogLine } from './log.ts';
import type { BuildFailure } from './outcome.ts';
import type { Mount, Sandbox, SandboxRequest } from './sandbox.ts';
import { stepScript, workspaceMount } from './script.ts';

/** Who runs the steps. */
export interface StepIdentity {
  readonly uid: number;
  readonly gid: number;
  readonly privileges: NonNullable<SandboxRequest['privileges']>;
}

/** The account that steps run as: the guest's `build`, without any right. */
export const buildIdentity: StepIdentity = { uid: 1000, gid: 1000, privileges: 'none' };

/** Where and how the steps of one build run. */
export interface StepRunner {
  readonly sandbox: Sandbox;
  readonly roots: readonly string[];
  readonly mounts: readonly Mount[];
  readonly clock: Clock;
  /** Milliseconds since 1970 at which the build is given up. */
  readonly deadlineMs: number;
  readonly cpus: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Default: `buildIdentity`. */
  readonly identity?: StepIdentity;
  /** Default: none. */
  readonly network?: SandboxRequest['network'];
  readonly trace?: 'trace' | 'quiet';
  readonly hostname?: string;
  onLog(line: BuildLogLine): void;
}

/** Undefined: every step that applies ran to its end. */
export type StepsResult = BuildFailure | { readonly kind: 'aborted' } | undefined;

export interface StepsRequest {
  readonly steps: readonly CompiledStep[];
  /** For the log: the package whose pipeline it is. */
  readonly packageName: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The uid and gid of the `build` account in the guest. */
export const guestUser = 1000;

/** Bytes of one script: the kernel takes no argument beyond 128 KiB. */
const scriptBytesMax = 120 * 1024;

/**
 * Runs the steps that apply, in order, each in a sandbox of its own without network: first its script, then those nested
 * in it, then its assertion. The first failure ends it.
 */
export async function runSteps(runner: StepRunner, request: StepsRequest): Promise<StepsResult> {
  for (const step of request.steps) {
    if (!step.applies) continue;
    const result = await runStep(runner, step, request);
    if (result !== undefined) return result;
  }
  return undefined;
}

async function runStep(
  runner: StepRunner,
  step: CompiledStep,
  request: StepsRequest,
): Promise<StepsResult> {
  const environment = { ...request.environment, ...step.environment };
  const label = `${request.packageName}: ${labelOf(step)}`;
  const own = await runScript(runner, step, { label, environment });
  if (own !== undefined) return own;
  const nested = await runSteps(runner, { ...request, steps: step.pipeline, environment });
  return nested ?? assertSteps(step, label);
}

/** What the log calls a step. */
export function labelOf(step: Pick<CompiledStep, 'name' | 'uses' | 'runs'>): string {
  const text = step.name || step.uses || (step.runs.trim().split('\n')[0] ?? '');
  return shorten(text === '' ? 'steps' : text, 60);
}

interface ScriptContext {
  readonly label: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function runScript(
  runner: StepRunner,
  step: CompiledStep,
  context: ScriptContext,
): Promise<StepsResult> {
  if (step.runs === '' && step.workingDirectory === '') return undefined;
  const script = stepScript(step, runner.trace);
  if (Buffer.byteLength(script) > scriptBytesMax) {
    return failure(
      'BUILD_SCRIPT_TOO_LONG',
      step,
      `the script of step "${context.label}" is longer than 120 KiB`,
      'move it into a file of the side directory',
    );
  }
  const remainingMs = runner.deadlineMs - runner.clock.now();
  if (remainingMs <= 0) return timedOut(step, context.label);
  const lines = new LineSplitter((text) => runner.onLog({ step: context.label, text }));
  const result = await runner.sandbox.run({
    roots: runner.roots,
    mounts: runner.mounts,
    argv: ['/bin/sh', '-c', script],
    environment: context.environment,
    workingDirectory: workspaceMount,
    ...(runner.identity ?? buildIdentity),
    network: runner.network ?? 'none',
    ...(runner.hostname === undefined ? {} : { hostname: runner.hostname }),
    timeoutMs: remainingMs,
    onOutput: (chunk) => lines.push(chunk),
    ...(runner.cpus === undefined ? {} : { cpus: runner.cpus }),
    ...(runner.signal === undefined ? {} : { signal: runner.signal }),
  });
  lines.end();
  switch (result.kind) {
    case 'aborted':
      return { kind: 'aborted' };
    case 'timed-out':
      return timedOut(step, context.label);
    case 'exited':
      if (result.exitCode === 0) return undefined;
      return failure(
        'BUILD_STEP_FAILED',
        step,
        `step "${context.label}" ended with exit code ${result.exitCode}`,
        'its log says why',
      );
  }
}

function timedOut(step: CompiledStep, label: string): BuildFailure {
  return failure(
    'BUILD_TIMED_OUT',
    step,
    `the build took too long; it was at step "${label}"`,
    'raise package.timeout in the recipe',
  );
}

function assertSteps(step: CompiledStep, label: string): StepsResult {
  if (step.requiredSteps === undefined) return undefined;
  const ran = step.pipeline.filter(({ applies }) => applies).length;
  assert(ran >= 0, 'a count');
  if (ran === step.requiredSteps) return undefined;
  return failure(
    'BUILD_ASSERTION_FAILED',
    step,
    `step "${label}" requires ${step.requiredSteps} nested steps to run, ${ran} did`,
  );
}

function failure(
  code: BuildFailure['code'],
  step: CompiledStep,
  message: string,
  hint?: string,
): BuildFailure {
  return { kind: 'failed', code, message, position: step.position, hint, findings: [] };
}
