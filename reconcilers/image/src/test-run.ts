import type { FileTree, ImageUser } from '@kiln/assemble';
import { imageUser, readText } from '@kiln/assemble';
import { KilnError, shorten } from '@kiln/base';
import type { Sandbox } from '@kiln/build';
import type { Clock } from '@kiln/base';
import type { ImageTest, ImageTestStep, TestRun } from '@kiln/factory';
import type { RuntimeConfig } from '@kiln/oci';
import { environmentVariables } from '@kiln/oci';

export interface ImageTestRequest {
  readonly sandbox: Sandbox;
  readonly test: ImageTest;
  /** Root file systems, lowest first: what the test adds, then the image itself. */
  readonly roots: readonly string[];
  /** The file system of the image, which says whom its user means. */
  readonly tree: FileTree;
  readonly runtime: RuntimeConfig;
  readonly clock: Clock;
  onOutput(chunk: Uint8Array): void;
  readonly signal: AbortSignal;
}

/** The environment variables of an image, under those of its test. */
function variablesOf(runtime: RuntimeConfig, test: ImageTest): Record<string, string> {
  const own = environmentVariables(runtime).map(({ name, value }) => [name, value]);
  return { ...Object.fromEntries(own), ...test.variables };
}

/** Throws `IMAGE_USER_INVALID`: a test must not run as somebody else than the image does. */
async function userOf(text: string, tree: FileTree): Promise<ImageUser> {
  const [passwd = '', group = ''] = [
    await readText(tree, 'etc/passwd'),
    await readText(tree, 'etc/group'),
  ];
  const user = imageUser(text, { passwd, group });
  if (user !== undefined) return user;
  throw new KilnError('IMAGE_USER_INVALID', `the image has no user "${shorten(text)}"`, {
    hint: 'name a user of /etc/passwd or a number in accounts.run-as',
  });
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
  const user = await userOf(request.runtime.user ?? '', request.tree);
  for (const step of request.test.steps) {
    const startedAt = request.clock.now();
    request.onOutput(Buffer.from(`--- test: ${step.name}\n`));
    const result = await request.sandbox.run({
      roots: request.roots,
      mounts: [],
      argv: argvOf(step),
      environment: variablesOf(request.runtime, request.test),
      workingDirectory: request.runtime.workingDir || '/',
      uid: user.uid,
      gid: user.gid,
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
