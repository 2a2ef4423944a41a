/** Something that can still be called off. */
export interface Timer {
  cancel(): void;
}

/** Waiting, injected beside the clock. Callbacks never reject. */
export interface Timers {
  after(delayMs: number, callback: () => void | Promise<void>): Timer;
}

/** Node's timers, at most 2^31 - 1 ms. They keep the process alive: one that owns a key or runs a dispatcher is not finished. */
export const systemTimers: Timers = {
  after: (delayMs, callback) => {
    const handle = setTimeout(() => void callback(), Math.min(Math.max(delayMs, 0), 2 ** 31 - 1));
    return { cancel: () => clearTimeout(handle) };
  },
};
