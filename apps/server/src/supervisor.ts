import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Clock, Logger } from '@kiln/base';
import { messageOf } from '@kiln/base';

/** A process that the supervisor keeps alive. */
export interface Role {
  readonly name: string;
  /** The command line; called again for each start. */
  command(): Promise<{ readonly argv: readonly string[]; readonly environment: Readonly<Record<string, string>> }>;
  readonly logFile: string;
  /** How long after SIGTERM before SIGKILL. */
  readonly graceMs: number;
}

const restartMinMs = 200;
const restartMaxMs = 5_000;
const steadyMs = 30_000;

/**
 * Keeps one process running until it is stopped: a process that ends is started again, at first at once, then with a
 * growing pause, so that a crash at any moment costs seconds and a process that cannot start does not spin.
 */
export class KeptProcess {
  readonly #role: Role;
  readonly #log: Logger;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #stopping = false;
  #pauseMs = restartMinMs;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  constructor(role: Role, log: Logger, clock: Clock) {
    this.#role = role;
    this.#log = log;
    this.#clock = clock;
  }

  get name(): string {
    return this.#role.name;
  }

  /** The process id, undefined between two lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    if (this.#stopping) return;
    try {
      const { argv, environment } = await this.#role.command();
      fs.mkdirSync(path.dirname(this.#role.logFile), { recursive: true });
      const output = fs.openSync(this.#role.logFile, 'a', 0o600);
      const [program = '', ...rest] = argv;
      // The IPC channel closes when this process dies, however it dies: the child then ends too.
      const child = spawn(program, rest, { env: environment, stdio: ['ignore', output, output, 'ipc'] });
      fs.closeSync(output);
      this.#child = child;
      this.#startedAt = this.#clock.now();
      child.once('error', (error) => this.#ended(messageOf(error)));
      child.once('exit', (code, signal) => this.#ended(signal ?? `exit ${code}`));
      this.#log.info('process started', { process: this.#role.name, pid: child.pid });
    } catch (error) {
      this.#ended(messageOf(error));
    }
  }

  #ended(how: string): void {
    this.#child = undefined;
    if (this.#stopping || this.#timer !== undefined) return;
    if (this.#clock.now() - this.#startedAt > steadyMs) this.#pauseMs = restartMinMs;
    this.#log.warn('process ended, starting it again', { process: this.#role.name, how, pauseMs: this.#pauseMs });
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.start();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, restartMaxMs);
  }

  /** Asks the process to end, then makes it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), this.#role.graceMs);
    await ended;
    clearTimeout(force);
  }
}
