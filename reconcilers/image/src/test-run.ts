import type { Sandbox } from '@kiln/build';
import type { Clock } from '@kiln/base';
import type { ImageTest, ImageTestStep, TestRun } from '@kiln/factory';
import type { RuntimeConfig } from '@kiln/oci';

export interface ImageTestRequest {
  readonly sandbox: Sandbox;
  readonly test: ImageTest;
  /** Root file systems, lowest first: what the test adds, then the image itself. */
  readonly roots: readonly string[];
  readonly runtime: RuntimeConfig;
  readonly clock: Clock;
  onOutput(chunk: Uint8Array): void;
  readonly signal: AbortSignal;
}

/** The environment variables of an image, under those of its test. */
function variablesOf(runtime: RuntimeConfig, test: ImageTest): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const pair of runtime.env ?? []) {
    const at = pair.indexOf('=');
    variables[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return { ...variables, ...test.variables };
}

/** A script runs in the image's (or the test's) shell and stops at its first failing command. */
function argvOf(step: ImageTestStep): readonly string[] {
  return step.kind === 'script' ? ['/bin/sh', '-c', `set -e\n${step.script}`] : step.words;
}

/**
 * Runs the steps of an image's test in sandboxes made of the image's own root file system, as the image's user, without
 * network. The first step that fails ends the run.
 */
export async function runImageTest(request: ImageTestRequest): Promise<TestRun> {
  const steps: { name: string; passed: boolean; durationMs: number }[] = [];
  const uid = Number(request.runtime.user ?? '0') || 0;
  for (const step of request.test.steps) {
    const startedAt = request.clock.now();
    request.onOutput(Buffer.from(`--- test: ${step.name}\n`));
    const result = await request.sandbox.run({
      roots: request.roots,
      mounts: [],
      argv: argvOf(step),
      environment: variablesOf(request.runtime, request.test),
      workingDirectory: request.runtime.workingDir || '/',
      uid,
      gid: uid,
      network: 'none',
      timeoutMs: request.test.timeoutMs,
      onOutput: request.onOutput,
      signal: request.signal,
    });
    request.signal.throwIfAborted();
    const passed = result.kind === 'exited' && result.exitCode === 0;
    const how = result.kind === 'exited' ? `exit ${result.exitCode}` : result.kind;
    request.onOutput(
      Buffer.from(`--- test: ${step.name}: ${passed ? 'passed' : `failed, ${how}`}\n`),
    );
    steps.push({ name: step.name, passed, durationMs: request.clock.now() - startedAt });
    if (!passed) break;
  }
  return { passed: steps.every((step) => step.passed), steps };
}
