import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { KilnError, collect, messageOf } from '@kiln/base';
import { confine } from './confine.ts';
import type { Confinement } from './confine.ts';

export interface SpawnConfinedOptions {
  readonly argv: readonly string[];
  readonly confinement: Omit<Confinement, 'infoDescriptor'>;
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where standard output and error go: a descriptor, or one of Node's words. */
  readonly output: 'inherit' | 'ignore' | 'pipe' | number;
}

/** How a process ended; through bubblewrap a death by signal N is exit code 128 + N. */
export interface ConfinedExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

export interface ConfinedProcess {
  /** bubblewrap itself: killing it kills everything inside at once. */
  readonly child: ChildProcess;
  /** Settles when everything inside is gone. */
  readonly exited: Promise<ConfinedExit>;
  /** The command's pid as the host counts, once it runs; undefined when it is gone. */
  pid(): Promise<number | undefined>;
  /** Sends a signal to the command itself, which bubblewrap would not pass on. False when it is gone. */
  signal(name: NodeJS.Signals): Promise<boolean>;
}

/** Starts a command under `confine`. Throws nothing: a failure to start is an exit, told on standard error. */
export function spawnConfined(options: SpawnConfinedOptions): ConfinedProcess {
  const [file = '', ...args] = confine(options.argv, { ...options.confinement, infoDescriptor: 3 });
  const child = spawn(file, args, {
    env: options.environment,
    stdio: ['ignore', options.output, options.output, 'pipe'],
  });
  const { promise: exited, resolve } = Promise.withResolvers<ConfinedExit>();
  child.once('error', () => resolve({ exitCode: 127, signal: undefined }));
  child.once('exit', (code, signal) => {
    resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
  });
  // What could not be started may have no streams.
  const info = child.pid === undefined ? undefined : child.stdio[3];
  const first = firstPid(info as Readable | null | undefined);
  const pid = async (): Promise<number | undefined> => childOf(await first);
  const signal = async (name: NodeJS.Signals): Promise<boolean> => {
    const target = await pid();
    return target !== undefined && send(target, name);
  };
  return { child, exited, pid, signal };
}

/** The pid of the sandbox's init, from bubblewrap's report. */
async function firstPid(info: Readable | null | undefined): Promise<number | undefined> {
  if (info === null || info === undefined) return undefined;
  try {
    const bytes = await collect(info, 4096, () => new Error('report too long'));
    const report = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
    const pid = report['child-pid'];
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    // bubblewrap ended before it reported: there is no process.
    return undefined;
  }
}

/** The one child of the sandbox's init: the command. */
async function childOf(init: number | undefined): Promise<number | undefined> {
  if (init === undefined) return undefined;
  const children = await readFile(`/proc/${init}/task/${init}/children`, 'utf8').catch(() => '');
  const pid = Number.parseInt(children, 10);
  return Number.isNaN(pid) ? undefined : pid;
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // Gone between looking and sending.
    return false;
  }
}

/** Fails when one of the directories given is not empty. */
const probe =
  'for directory; do [ -z "$(ls -A "$directory")" ] || { echo "$directory is visible" >&2; exit 1; }; done';

/**
 * Tries the confinement: the hidden directories must be seen empty. Throws `CONFINE_UNAVAILABLE`, with what bubblewrap
 * said, when bubblewrap is missing, the kernel allows no user namespaces, or a directory is not a real path.
 */
export async function checkConfinement(
  confinement: SpawnConfinedOptions['confinement'],
): Promise<void> {
  const hidden = [confinement.keysDirectory, ...(confinement.hidden ?? [])];
  const argv = ['/bin/sh', '-c', probe, 'probe', ...hidden];
  const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  const tried = spawnConfined({ argv, confinement, environment, output: 'pipe' });
  tried.child.stdout?.resume();
  let reason = '';
  // The output is complete at `close`, which is after `exit`.
  const closed = new Promise<void>((resolve) => {
    tried.child.once('close', () => resolve());
    tried.child.once('error', (error) => {
      reason = messageOf(error);
      resolve();
    });
  });
  tried.child.stderr?.on(
    'data',
    (chunk: Buffer) => (reason = `${reason}${chunk.toString()}`.slice(0, 500)),
  );
  const [{ exitCode }] = await Promise.all([tried.exited, closed]);
  if (exitCode === 0) return;
  throw new KilnError('CONFINE_UNAVAILABLE', `workers cannot be confined: ${reason.trim()}`, {
    hint: 'install bubblewrap and util-linux, and allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)',
  });
}
