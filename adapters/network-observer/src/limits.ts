export interface ObserverLimits {
  /** Requests of one build. */
  readonly requestsMax: number;
  /** Of one answer. */
  readonly answerBytesMax: number;
  /** Of all answers of one build. */
  readonly totalBytesMax: number;
  /** Of the body of a request. */
  readonly sentBytesMax: number;
  readonly connectionsMax: number;
  /** Until the first byte of an answer, and between two of its bytes. */
  readonly idleMs: number;
}

export const defaultLimits: ObserverLimits = {
  requestsMax: 100_000,
  answerBytesMax: 4 * 1024 ** 3,
  totalBytesMax: 32 * 1024 ** 3,
  sentBytesMax: 8 * 1024 ** 2,
  connectionsMax: 512,
  idleMs: 60_000,
};
