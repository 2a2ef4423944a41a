import { statfs } from 'node:fs/promises';
import { KilnError } from '@kiln/base';
import type { SandboxRequest } from '@kiln/build';

/** With less than this a failure is put down to the disk. */
const roomBytesMin = 1024 * 1024;

/** With less than this at any time, and words that say so, too: more is hardly written and taken away between two looks. */
const scarceBytes = 256 * 1024 * 1024;

const lookEveryMs = 200;

const words = /no space left on device|disk quota exceeded/i;
const wordsMax = 32;

/**
 * Watches the disks that a command writes to while it runs: many programs remove what they wrote when they fail, so that there
 * is room again when they ended. That a command says its disk is full counts only where that was nearly so: `/tmp` is
 * in memory, and anybody can say it.
 */
export class RoomWatch implements Disposable {
  readonly #paths: readonly string[];
  readonly #timer: NodeJS.Timeout;
  #least = Infinity;
  #said = false;
  #end = '';

  constructor(scratch: string, mounts: SandboxRequest['mounts']) {
    const written = mounts.filter(({ readOnly }) => !readOnly).map(({ source }) => source);
    this.#paths = [...new Set([scratch, ...written])];
    // A look that fails is followed by another, and the last one is waited for.
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), lookEveryMs).unref();
  }

  /** Takes note of what the command printed. */
  hear(chunk: Uint8Array): void {
    if (this.#said) return;
    const text = this.#end + Buffer.from(chunk).toString('latin1');
    this.#said = words.test(text);
    this.#end = text.slice(-wordsMax);
  }

  /** Throws `SANDBOX_DISK_FULL` (retry later) when the failure of the command is to be put down to a full disk. */
  async expectRoom(): Promise<void> {
    await this.#look();
    if (this.#least >= (this.#said ? scarceBytes : roomBytesMin)) return;
    throw new KilnError('SANDBOX_DISK_FULL', 'a command failed and its disk is full', {
      hint: 'make room under KILN_HOME, where it is tried again by itself; without a factory, under TMPDIR or the cache',
      retry: 'later',
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    for (const path of this.#paths) {
      const { bavail, bsize, files, ffree } = await statfs(path);
      this.#least = Math.min(this.#least, files > 0 && ffree === 0 ? 0 : bavail * bsize);
    }
  }
}
