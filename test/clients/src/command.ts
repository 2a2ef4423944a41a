import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { KilnError } from '@kiln/base';

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 30 minutes. */
  readonly timeoutMs?: number;
}

/** The captured output is for messages and small listings. */
const outputCharactersMax = 4_000_000;

/**
 * Runs a program at low priority and returns its standard output. Throws `CLIENT_COMMAND_MISSING` when the host does
 * not have it and `CLIENT_COMMAND_FAILED`, with the end of what it said, when it fails or takes too long.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 30 * 60 * 1000,
    killSignal: 'SIGKILL',
  });
  if (child.pid !== undefined) setPriority(child.pid, 10);
  let output = '';
  let talk = '';
  child.stdout.on(
    'data',
    (chunk: Buffer) => (output = (output + chunk.toString()).slice(0, outputCharactersMax)),
  );
  child.stderr.on('data', (chunk: Buffer) => (talk = (talk + chunk.toString()).slice(-4000)));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject);
  child.on('close', resolve);
  const exitCode = await promise.catch((cause: unknown) => {
    throw new KilnError('CLIENT_COMMAND_MISSING', `could not start ${program}`, {
      hint: `install ${program} on this host`,
      cause,
    });
  });
  if (exitCode === 0) return output;
  const why = exitCode === null ? 'was killed' : `exited with ${exitCode}`;
  throw new KilnError(
    'CLIENT_COMMAND_FAILED',
    `${program} ${args.join(' ')} ${why}: ${talk.trim().slice(-2000)}`,
  );
}
