import { randomBytes } from 'node:crypto';

/** Time, injected so that everything can be tested at a fixed instant. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Randomness and ids, injected. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A fresh identifier of `bytes` random bytes in hexadecimal. */
  id(bytes?: number): string;
}

export const systemRandom: Random = {
  next: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  id: (bytes = 8) => randomBytes(bytes).toString('hex'),
};

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    id: (bytes = 8) =>
      Array.from({ length: bytes }, () =>
        Math.floor(next() * 256)
          .toString(16)
          .padStart(2, '0'),
      ).join(''),
  };
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Constant messages, variable fields. `error`: someone must act; `warn`: the system acted by itself. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** One JSON object a line. */
export function jsonLogger(
  write: (line: string) => void,
  clock: Clock,
  fixed: LogFields = {},
): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      write(
        `${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...fixed, ...fields })}\n`,
      );
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
