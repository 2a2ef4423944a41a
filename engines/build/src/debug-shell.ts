import type { SandboxRequest, SandboxResult } from './sandbox.ts';
import { directoryOf, workspaceMount } from './script.ts';
import type { FailedStep } from './steps.ts';

/** A person may think for a day. */
const timeoutMs = 24 * 3_600_000;

/** What the wrapper around the shell ends with, in place of an exit code, when the shell ended with 0. */
const continueCode = 128 + 10;

/**
 *   $1  the script of the step
 *   $2  its directory
 *
 * The wrapper makes the shell a job of its own: the process group that it would be born into belongs to processes outside
 * of its pid namespace, which a Ctrl-C would end. A shell that leaves such a group cannot give the terminal back to it and
 * ends with an error of its own, so the wrapper says by a signal what the shell said by its exit code. Everything that it
 * writes is in `/tmp`, which goes with the sandbox.
 */
const wrapper = `
printf '%s' "$1" > /tmp/step.sh
echo 'sh /tmp/step.sh' > /tmp/.history
cd "$2" 2> /dev/null || cd ${workspaceMount}
set -m 2> /dev/null
/bin/sh -i
if [ $? = 0 ]; then kill -USR1 $$; else kill -USR2 $$; fi
`;

/**
 * A shell where a step failed: in its directory, with its variables, in the same isolation, on the caller's terminal. The
 * step's script is at hand as `/tmp/step.sh`. `term` is what kind the terminal is.
 */
export function debugShell(
  { step, request }: FailedStep,
  term: string | undefined,
): SandboxRequest {
  const [, , script = ''] = request.argv;
  return {
    ...request,
    argv: ['/bin/sh', '-c', wrapper, 'kiln', script, directoryOf(step)],
    environment: {
      ...request.environment,
      TERM: term !== undefined && /^[A-Za-z0-9+._-]{1,40}$/.test(term) ? term : 'xterm-256color',
      HISTFILE: '/tmp/.history',
    },
    timeoutMs,
    terminal: 'inherit',
  };
}

/** Whether the person at such a shell wants the build to go on: they left it with 0. */
export function continuesAfter(result: SandboxResult): boolean {
  return result.kind === 'exited' && result.exitCode === continueCode;
}
