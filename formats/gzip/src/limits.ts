import { KilnError } from '@kiln/base';

/** Bounds on what a compressed input may become. */
export interface GzipLimits {
  /** Bytes of content over all members together; default 16 GiB. More throws `GZIP_TOO_LARGE`. */
  readonly outputBytesMax: number;
  /** Members; default 1,000. More throws `GZIP_TOO_LARGE`. */
  readonly membersMax: number;
  /** Bytes of one member's header with its name and comment; default 64 KiB. More throws `GZIP_TOO_LARGE`. */
  readonly headerBytesMax: number;
}

export const defaultGzipLimits: GzipLimits = {
  outputBytesMax: 16 * 2 ** 30,
  membersMax: 1000,
  headerBytesMax: 64 * 1024,
};

/** Counts content against the limit. */
export class OutputBudget {
  #left: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  get left(): number {
    return this.#left;
  }

  /** Throws `GZIP_TOO_LARGE`. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw tooLarge(`content is larger than ${this.#limit} bytes`);
  }
}

export function tooLarge(message: string): KilnError {
  return new KilnError('GZIP_TOO_LARGE', message);
}

export function truncated(): KilnError {
  return new KilnError('GZIP_TRUNCATED', 'gzip stream ends early');
}

export function corrupt(message: string, cause?: unknown): KilnError {
  return new KilnError('GZIP_CORRUPT', message, { cause });
}
