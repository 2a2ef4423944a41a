import { KilnError } from '@kiln/base';

/** What a command ends with that a signal ended, as in shells: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Ctrl-C, the system, and a terminal that is closed. */
type InterruptName = keyof typeof exitCodes;

const names: readonly InterruptName[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The exit code of a command whose terminal was closed. */
export const hangupExitCode: number = exitCodes.SIGHUP;

/** The exit code of a command that ended with `LOCAL_INTERRUPTED`. */
export function interruptedExitCode({ details }: KilnError): number {
  const name = names.find((one) => one === details['signal']);
  return exitCodes[name ?? 'SIGINT'];
}

/**
 * Asks what runs to stop when the person or the system interrupts: the signal is aborted with `LOCAL_INTERRUPTED`, whose details name the
 * signal. A second interrupt ends the process as it would without us. A second hangup does not, until this is disposed: of a terminal
 * that is closed a command hears from the kernel and from its shell.
 */
export class Interrupt implements Disposable {
  readonly #stop = new AbortController();
  #name: InterruptName | undefined;
  readonly #abort = (name: InterruptName): void => {
    process.removeListener('SIGINT', this.#abort);
    process.removeListener('SIGTERM', this.#abort);
    if (this.#name !== undefined) return;
    this.#name = name;
    const details = { signal: name };
    this.#stop.abort(new KilnError('LOCAL_INTERRUPTED', 'interrupted', { details }));
  };

  constructor() {
    for (const name of names) process.on(name, this.#abort);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether it was interrupted because its terminal was closed. */
  get isHangup(): boolean {
    return this.#name === 'SIGHUP';
  }

  [Symbol.dispose](): void {
    for (const name of names) process.removeListener(name, this.#abort);
  }
}
