import type { IncomingMessage } from 'node:http';

/** Whether a client went away before all of its request had come. */
export function hasLeft({ destroyed, complete }: IncomingMessage): boolean {
  return destroyed && !complete;
}
