/** Tells that the queue changed. A lost signal costs latency only: the dispatcher also looks on its own. */
export interface Wakeups {
  /** Calls back after each change until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

/** Wake-ups within one process. */
export class LocalWakeups implements Wakeups {
  readonly #listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wake(): void {
    for (const listener of this.#listeners) listener();
  }
}
