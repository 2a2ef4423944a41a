import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FollowOptions {
  /** Whether to go on as the file grows, until the signal says so. */
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

const lookMs = 200;

/**
 * The text of a log as it is written. A log that is moved aside and begun anew, as at the start of a factory, is read on from its
 * beginning.
 */
export async function* followFile(
  file: string,
  { follow, signal }: FollowOptions,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let known: { readonly inode: number; readonly read: number } | undefined;
  do {
    const now = fs.statSync(file, { throwIfNoEntry: false });
    if (now !== undefined) {
      const isSame = known !== undefined && known.inode === now.ino && known.read <= now.size;
      let read = isSame ? (known?.read ?? 0) : 0;
      if (read < now.size) {
        for await (const chunk of fs.createReadStream(file, { start: read })) {
          const bytes = chunk as Buffer;
          read += bytes.length;
          yield decoder.decode(bytes, { stream: true });
        }
      }
      known = { inode: now.ino, read };
    }
    if (follow && signal?.aborted !== true) await sleep(lookMs);
  } while (follow && signal?.aborted !== true);
}
