/** Bounds on what repositories send, and how long it may take. */
export interface ClientLimits {
  /** Of an index as it is sent, or lies there; default 128 MiB. */
  readonly indexBytesMax: number;
  /** Of an index that a server sends; default as `indexBytesMax`. */
  readonly sentIndexBytesMax: number;
  /** Of an index before compression; default 300 MiB. */
  readonly indexContentBytesMax: number;
  /** Of a key; default 64 KiB. */
  readonly keyBytesMax: number;
  /** Of a package whose index does not say its size; default 8 GiB. */
  readonly packageBytesMax: number;
  /** Until the first answer; default 20 s. */
  readonly answerMs: number;
  /** Between two pieces of an answer; default 60 s. */
  readonly idleMs: number;
  /** For one answer in all; default 30 min. */
  readonly totalMs: number;
  /** Default 8. */
  readonly redirectsMax: number;
  /** How often something is asked for that fails in a way that may pass; default 3. */
  readonly attemptsMax: number;
  /** Before the second attempt; then twice as long each time. Default 1 s. */
  readonly backoffMs: number;
  /** Packages under way at once; default 6. */
  readonly parallelMax: number;
}

export const defaultClientLimits: ClientLimits = {
  indexBytesMax: 128 * 2 ** 20,
  sentIndexBytesMax: 128 * 2 ** 20,
  indexContentBytesMax: 300 * 2 ** 20,
  keyBytesMax: 64 * 1024,
  packageBytesMax: 8 * 2 ** 30,
  answerMs: 20_000,
  idleMs: 60_000,
  totalMs: 30 * 60_000,
  redirectsMax: 8,
  attemptsMax: 3,
  backoffMs: 1_000,
  parallelMax: 6,
};
