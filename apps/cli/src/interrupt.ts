import { KilnError } from '@kiln/base';

const names = ['SIGINT', 'SIGTERM'] as const;

/**
 * Asks what runs to stop when the person or the system interrupts: the signal is aborted with `LOCAL_INTERRUPTED`. A second
 * interrupt ends the process as it would without us.
 */
export class Interrupt implements Disposable {
  readonly #stop = new AbortController();
  readonly #abort = (): void => {
    this[Symbol.dispose]();
    this.#stop.abort(new KilnError('LOCAL_INTERRUPTED', 'interrupted'));
  };

  constructor() {
    for (const name of names) process.on(name, this.#abort);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  [Symbol.dispose](): void {
    for (const name of names) process.removeListener(name, this.#abort);
  }
}
