import type { ChildProcess, StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { SandboxRequest, SandboxResult } from '@kiln/build';
import type { KilnErrorOptions } from '@kiln/base';
import { KilnError, messageOf, shorten } from '@kiln/base';
import { argumentsFd, statusFd, wordsFd } from './arguments.ts';
import { terminalScript } from './enter-script.ts';
import { hostEnvironment } from './host-environment.ts';

/** A program around the sandbox and its arguments; `options` go through bubblewrap's `--args`. */
export interface Chain {
  readonly argv: readonly string[];
  readonly options: readonly string[];
  readonly terminal: NonNullable<SandboxRequest['terminal']>;
}

type Watch = Pick<SandboxRequest, 'timeoutMs' | 'onOutput' | 'signal'>;

/** What was said on the status descriptor. */
interface Status {
  /** The first process of the outer namespace, by its number here; undefined when the chain ended before. */
  readonly first: Promise<number | undefined>;
  exitCode: number | undefined;
}

/**
 * Runs the chain until its end, the deadline or the signal, whichever comes first; when the promise settles
 * every process of it is gone.
 *
 * here ─ setpriv ─exec─ unshare ─ [pid namespace: shell ─exec─ bwrap ─ [pid namespace: first ─ command]]
 *
 * The outer pid namespace is what makes this sure: the kernel ends every process of a namespace before it lets
 * the first one go, and `unshare` ends after that one. A stop kills that first process, whose number the shell
 * has written to the status descriptor; the end of this process kills `unshare` and it (parent death signals).
 * Bubblewrap alone would not do: killed between its fork and the child's own parent death signal, it leaves a
 * child that waits for ever.
 * With a terminal, `setpriv ─exec─ script` stands before it all: the command's terminal is a new one, so that it cannot
 * put words into the caller's, whose keys `script` hands on while it is in raw mode.
 * Throws `SANDBOX_SETUP_FAILED` when the command was never started.
 */
export async function runContained(chain: Chain, watch: Watch): Promise<SandboxResult> {
  if (watch.signal?.aborted === true) return { kind: 'aborted' };
  const child = chain.terminal === 'inherit' ? spawnOnTerminal(chain) : spawnQuietly(chain);
  const ended = endOf(child);
  // What could not be started may have no streams.
  if (child.pid === undefined) await ended.exited;
  const status = followStatus(child);
  const tail = followOutput(child, watch.onOutput);
  sendWords(inputOf(child, argumentsFd), chain.options);
  const stopped = await raceWithStops(status, ended, watch);
  await ended.exited;
  await ended.closed;
  if (stopped !== undefined) return { kind: stopped };
  if (status.exitCode !== undefined) return { kind: 'exited', exitCode: status.exitCode };
  const said = lastLine(tail());
  throw new KilnError('SANDBOX_SETUP_FAILED', `the sandbox did not start: ${said}`, {
    hint: setupHint(said),
  });
}

function setupHint(said: string): string {
  const [, program] = /execvp (\S+): No such file or directory/.exec(said) ?? [];
  return program === undefined
    ? 'the message is from mount or bubblewrap; check that roots, mounts and working directory exist'
    : `there is no ${program}, or not the loader that it needs: add a package that has it to the environment, such as busybox for a shell`;
}

function spawnQuietly({ argv }: Chain): ChildProcess {
  const [program = '', ...rest] = argv;
  // Standard error is that of the programs around the shell; the command's comes with its output.
  return spawnWith(program, rest, ['ignore', 'pipe', 'pipe', 'pipe', 'pipe']);
}

function spawnOnTerminal({ argv }: Chain): ChildProcess {
  const terminal = ['--pdeathsig', 'KILL', 'script', '-q', '-e', '-c', terminalScript, '/dev/null'];
  const child = spawnWith('setpriv', terminal, ['inherit', 'inherit', 'inherit', ...pipes]);
  if (child.pid !== undefined) sendWords(inputOf(child, wordsFd), argv);
  return child;
}

const pipes = ['pipe', 'pipe', 'pipe'] as const;

function spawnWith(program: string, words: string[], stdio: StdioOptions): ChildProcess {
  return spawn(program, words, { stdio, env: hostEnvironment });
}

/** The end of a pipe that a child reads from. Node's types know of the first five descriptors only. */
function inputOf(child: ChildProcess, descriptor: number): Writable {
  return (child.stdio as readonly unknown[])[descriptor] as Writable;
}

interface Ended {
  readonly exited: Promise<void>;
  readonly closed: Promise<void>;
}

/** What a machine says that has no room for another process, at the moment. */
const noRoom = new Set(['EAGAIN', 'EMFILE', 'ENFILE']);

function endOf(child: ChildProcess): Ended {
  const exited = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const more: KilnErrorOptions = noRoom.has(error.code ?? '')
        ? { hint: 'ulimit -a shows the limits on processes and open files', retry: 'later' }
        : { hint: 'install the packages util-linux, bash and bubblewrap' };
      const message = `the sandbox did not start: ${messageOf(error)}`;
      reject(new KilnError('SANDBOX_SETUP_FAILED', message, { ...more, cause: error }));
    });
    child.once('exit', () => resolve());
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { exited, closed };
}

/** A timer of Node's that is set to more ends at once. */
const timerMsMax = 2 ** 31 - 1;

async function raceWithStops(
  status: Status,
  ended: Ended,
  watch: Watch,
): Promise<'timed-out' | 'aborted' | undefined> {
  const { promise, resolve } = Promise.withResolvers<'timed-out' | 'aborted'>();
  const timer = setTimeout(() => resolve('timed-out'), Math.min(watch.timeoutMs, timerMsMax));
  const onAbort = (): void => resolve('aborted');
  watch.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const reason = await Promise.race([promise, ended.exited.then(() => undefined)]);
    const first = reason === undefined ? undefined : await status.first;
    if (first !== undefined) kill(first);
    return reason;
  } finally {
    clearTimeout(timer);
    watch.signal?.removeEventListener('abort', onAbort);
  }
}

/** Words for a process that reads them with a NUL byte behind each. */
function sendWords(pipe: Writable, words: readonly string[]): void {
  // A chain that ended before it read them reports that itself.
  pipe.on('error', () => undefined);
  pipe.end(words.map((word) => `${word}\0`).join(''));
}

function followStatus(child: ChildProcess): Status {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const status: Status = { first: promise, exitCode: undefined };
  let pending = '';
  const pipe = child.stdio[statusFd] as Readable;
  pipe.on('error', () => undefined);
  pipe.on('close', () => resolve(undefined));
  pipe.on('data', (chunk: Buffer) => {
    pending = `${pending}${chunk.toString('latin1')}`.slice(-65_536);
    const pid = /^first (\d+)$/m.exec(pending)?.[1];
    const exitCode = /"exit-code":\s*(\d+)/.exec(pending)?.[1];
    if (pid !== undefined) resolve(Number(pid));
    if (exitCode !== undefined) status.exitCode = Number(exitCode);
  });
  return status;
}

function followOutput(child: ChildProcess, onOutput: (chunk: Uint8Array) => void): () => string {
  let tail: Buffer = Buffer.alloc(0);
  const keep = (chunk: Buffer): void => {
    tail = Buffer.concat([tail.subarray(-2048), chunk.subarray(-2048)]);
  };
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.on('error', () => undefined);
    pipe?.on('data', keep);
  }
  child.stdout?.on('data', onOutput);
  return () => tail.toString('utf8');
}

function lastLine(text: string): string {
  return shorten(text.trim().split('\n').at(-1) ?? '', 300) || 'it said nothing';
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // Ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
