import type { Clock, Logger } from '@kiln/base';
import { messageOf } from '@kiln/base';

/** A process that runs now. */
export interface LiveProcess {
  /** Settles with how it ended, in a few words. */
  readonly exited: Promise<string>;
  signal(name: NodeJS.Signals): Promise<void>;
}

/** A process that the supervisor keeps alive. */
export interface Role {
  readonly name: string;
  launch(): Promise<LiveProcess>;
  /** How long after SIGTERM before SIGKILL. */
  readonly graceMs: number;
}

const restartMinMs = 100;
const restartMaxMs = 5_000;
/** A process that lived this long did start; the next pause is the shortest again. */
const steadyMs = 5_000;

/**
 * Keeps one process running until it is stopped: a process that ends is started again, at first at once, then with a
 * growing pause, so that a crash at any moment costs seconds and a process that cannot start does not spin.
 */
export class KeptProcess {
  readonly #role: Role;
  readonly #log: Logger;
  readonly #clock: Clock;
  #live: LiveProcess | undefined;
  #starting: Promise<void> = Promise.resolve();
  #stopping = false;
  #pauseMs = restartMinMs;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  constructor(role: Role, log: Logger, clock: Clock) {
    this.#role = role;
    this.#log = log;
    this.#clock = clock;
  }

  /** Starts the process; resolves when it was launched once, or could not be. */
  start(): Promise<void> {
    this.#starting = this.#launch();
    return this.#starting;
  }

  async #launch(): Promise<void> {
    if (this.#stopping) return;
    this.#startedAt = this.#clock.now();
    try {
      const live = await this.#role.launch();
      this.#live = live;
      this.#log.info('process started', { process: this.#role.name });
      void live.exited.then((how) => this.#ended(how));
    } catch (error) {
      this.#ended(messageOf(error));
    }
  }

  #ended(how: string): void {
    this.#live = undefined;
    if (this.#stopping) return;
    if (this.#clock.now() - this.#startedAt > steadyMs) this.#pauseMs = restartMinMs;
    this.#log.warn('process ended, starting it again', {
      process: this.#role.name,
      how,
      pauseMs: this.#pauseMs,
    });
    this.#timer = setTimeout(() => void this.start(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, restartMaxMs);
  }

  /** Asks the process to end, then makes it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#starting;
    const live = this.#live;
    if (live === undefined) return;
    await live.signal('SIGTERM');
    const force = setTimeout(() => void live.signal('SIGKILL'), this.#role.graceMs);
    await live.exited;
    clearTimeout(force);
  }
}
