import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FollowOptions {
  /** Asked before each look at the file: whether that is the last. */
  ended(): Promise<boolean>;
  /** Whoever reads is gone: nothing is looked at any more. */
  readonly signal: AbortSignal;
}

const lookEveryMs = 250;

/** The bytes of a log as it grows, until `ended` and everything was read, or the signal. Throws what reading does. */
export async function* followLog(
  file: string,
  { ended, signal }: FollowOptions,
): AsyncIterable<Uint8Array> {
  let position = 0;
  while (!signal.aborted) {
    const last = await ended();
    if (fs.existsSync(file)) {
      for await (const chunk of fs.createReadStream(file, { start: position })) {
        position += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    }
    if (last) return;
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
