/** Something that can still be called off. */
export interface Timer {
  cancel(): void;
}

/** Waiting, injected beside the clock. Callbacks never reject. */
export interface Timers {
  after(delayMs: number, callback: () => void | Promise<void>): Timer;
}

/** Node's timers, which do not keep a finished process alive. At most 2^31 - 1 ms. */
export const systemTimers: Timers = {
  after: (delayMs, callback) => {
    const handle = setTimeout(() => void callback(), Math.min(Math.max(delayMs, 0), 2 ** 31 - 1));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
