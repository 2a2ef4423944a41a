import type { Clock } from '@kiln/base';
import type { CompiledStep } from '@kiln/recipe';
import { LineSplitter, type BuildLogLine } from './log.ts';
import type { BuildFailure } from './outcome.ts';
import { placed } from './placed.ts';
import type { Mount, Sandbox, SandboxRequest, SandboxResult } from './sandbox.ts';
import { stepScript, workspaceMount } from './script.ts';
import { appliedIn, listSteps, namedStep, type ListedStep } from './step-list.ts';
import { OutputTail, hintOf, type Situation } from './step-output.ts';

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
  /** Where what steps write to the guest stays for those behind them; default: each step has a fresh guest. */
  readonly keptRoot?: SandboxRequest['keptRoot'];
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
  readonly relay?: SandboxRequest['relay'];
  /** Default: `build`. */
  readonly purpose?: 'build' | 'test';
  readonly trace?: 'trace' | 'quiet';
  readonly hostname?: string;
  /**
   * Asked when a step has failed, with the request that ran it: `continue` goes on with the next step. The time it takes
   * does not count.
   */
  onFailed?(failed: FailedStep): Promise<'continue' | 'end'>;
  onLog(line: BuildLogLine): void;
}

/** A step that ended with an exit code other than 0. */
export interface FailedStep {
  readonly failure: BuildFailure;
  readonly step: CompiledStep;
  /** How it was run. */
  readonly request: SandboxRequest;
}

/** Undefined: every step that applies ran to its end. */
export type StepsResult = BuildFailure | { readonly kind: 'aborted' } | undefined;

export interface StepsRequest {
  readonly steps: readonly CompiledStep[];
  /** For the log: the package whose pipeline it is. */
  readonly packageName: string;
  /** Under the variables of steps. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The uid and gid of the `build` account in the guest. */
export const guestUser = 1000;

/** Bytes of one script: the kernel takes no argument beyond 128 KiB, its end included. */
const scriptBytesMax = 128 * 1024 - 1;

/**
 * Runs the steps that apply, in order, each in a sandbox of its own without network: first its script, then those nested
 * in it, then its assertion. The first failure ends it; a step that fails has the last lines of its output as findings.
 */
export async function runSteps(runner: StepRunner, request: StepsRequest): Promise<StepsResult> {
  const run = new StepRun(runner, request.environment);
  for (const listed of listSteps(request.steps, request.packageName)) {
    const result = await run.step(listed);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** The run of a list of steps against one deadline. */
export class StepRun {
  readonly #runner: StepRunner;
  readonly #environment: Readonly<Record<string, string>>;
  /** The time that somebody looked at failures. */
  #pausedMs = 0;

  constructor(runner: StepRunner, environment: Readonly<Record<string, string>>) {
    this.#runner = runner;
    this.#environment = environment;
  }

  /** Does one step. Undefined: it came to its end, or somebody said that it goes on all the same. */
  async step(listed: ListedStep): Promise<StepsResult> {
    if (listed.kind === 'assertion') return assertSteps(listed);
    const script = stepScript(listed.step, this.#runner.trace);
    if (Buffer.byteLength(script) > scriptBytesMax) return tooLong(listed);
    const timeoutMs = this.#remainingMs();
    const output = new OutputTail();
    if (timeoutMs <= 0) return timedOut(listed, output);
    const lines = new LineSplitter((text) => {
      output.push(text);
      this.#runner.onLog({ step: listed.label, text });
    });
    const request = this.#requestOf(listed, { script, timeoutMs, lines });
    const result = await this.#run(request, listed);
    lines.end();
    switch (result.kind) {
      case 'aborted':
        return { kind: 'aborted' };
      case 'timed-out':
        return timedOut(listed, output);
      case 'exited':
        if (result.exitCode === 0) return undefined;
        return this.#failed(request, { listed, exitCode: result.exitCode, output });
    }
  }

  /** What a sandbox throws is told with the step it was for. */
  async #run(request: SandboxRequest, { step, label }: ListedStep): Promise<SandboxResult> {
    try {
      return await this.#runner.sandbox.run(request);
    } catch (error) {
      throw placed(error, step.position, `step "${label}": `);
    }
  }

  #remainingMs(): number {
    const { deadlineMs, clock } = this.#runner;
    return deadlineMs + this.#pausedMs - clock.now();
  }

  #requestOf(
    listed: ListedStep,
    { script, timeoutMs, lines }: { script: string; timeoutMs: number; lines: LineSplitter },
  ): SandboxRequest {
    const { roots, keptRoot, mounts, identity, network, relay } = this.#runner;
    const { hostname, cpus, signal } = this.#runner;
    return {
      roots,
      ...(keptRoot === undefined ? {} : { keptRoot }),
      mounts,
      argv: ['/bin/sh', '-c', script],
      environment: { ...this.#environment, ...listed.environment },
      workingDirectory: workspaceMount,
      ...(identity ?? buildIdentity),
      network: network ?? 'none',
      ...(relay === undefined ? {} : { relay }),
      ...(hostname === undefined ? {} : { hostname }),
      timeoutMs,
      onOutput: (chunk) => lines.push(chunk),
      ...(cpus === undefined ? {} : { cpus }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  async #failed(
    request: SandboxRequest,
    { listed, exitCode, output }: { listed: ListedStep; exitCode: number; output: OutputTail },
  ): Promise<StepsResult> {
    const runner = this.#runner;
    const failed = failure('BUILD_STEP_FAILED', listed, {
      message: `${namedStep(listed)} ended with exit code ${exitCode}`,
      hint: hintOf(exitCode, output.lines, situationOf(runner)),
      findings: output.lines,
    });
    if (runner.onFailed === undefined) return failed;
    const askedAt = runner.clock.now();
    const answer = await runner.onFailed({ failure: failed, step: listed.step, request });
    this.#pausedMs += runner.clock.now() - askedAt;
    return answer === 'continue' ? undefined : failed;
  }
}

function situationOf({ relay, network, purpose = 'build' }: StepRunner): Situation {
  if (network === 'host') return 'open';
  return relay === undefined ? purpose : 'observed';
}

function timedOut(listed: ListedStep, output: OutputTail): BuildFailure {
  return failure('BUILD_TIMED_OUT', listed, {
    message: `the build took too long; it was at ${namedStep(listed).replace(/,$/, '')}`,
    hint: 'raise package.timeout in the recipe',
    findings: output.lines,
  });
}

function tooLong(listed: ListedStep): BuildFailure {
  return failure('BUILD_SCRIPT_TOO_LONG', listed, {
    message: `the script of ${namedStep(listed)} is longer than 128 KiB`,
    hint: 'move it into a file of the side directory',
  });
}

function assertSteps(listed: ListedStep): StepsResult {
  const { requiredSteps } = listed.step;
  const ran = appliedIn(listed.step);
  if (ran === requiredSteps) return undefined;
  return failure('BUILD_ASSERTION_FAILED', listed, {
    message: `${namedStep(listed)} requires ${requiredSteps} nested steps to run, ${ran} did`,
  });
}

function failure(
  code: BuildFailure['code'],
  { step }: ListedStep,
  { message, hint, findings = [] }: Pick<BuildFailure, 'message'> & Partial<BuildFailure>,
): BuildFailure {
  return { kind: 'failed', code, message, position: step.position, hint, findings };
}
