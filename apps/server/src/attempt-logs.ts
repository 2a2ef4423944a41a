import fs from 'node:fs';
import path from 'node:path';
import type { AttemptLogs } from '@kiln/factory';

const logBytesMax = 64 * 1024 * 1024;
const keepMs = 14 * 24 * 60 * 60 * 1000;

/** Attempts' logs as files that grow while the attempt runs; what exceeds 64 MiB is cut off with a remark. */
export class FileAttemptLogs implements AttemptLogs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  open(attemptId: string): ReturnType<AttemptLogs['open']> {
    const name = `${attemptId}.log`;
    let file: number | undefined;
    let written = 0;
    return {
      reference: name,
      write: (chunk) => {
        if (written > logBytesMax) return;
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        written += bytes.length;
        const kept =
          written > logBytesMax
            ? Buffer.from('\n[the log is longer than 64 MiB; the rest is left out]\n')
            : bytes;
        try {
          file ??= fs.openSync(path.join(this.#folder, name), 'a', 0o600);
          fs.writeSync(file, kept);
        } catch {
          // A full disk costs the log and not the attempt, which meets the disk itself where it matters.
          written = logBytesMax + 1;
        }
      },
      close: () => {
        if (file !== undefined) fs.closeSync(file);
        file = undefined;
        written = logBytesMax + 1;
      },
    };
  }

  /** Deletes logs older than two weeks. */
  async sweep(nowMs: number): Promise<void> {
    for (const name of await fs.promises.readdir(this.#folder)) {
      const file = path.join(this.#folder, name);
      const stat = await fs.promises.stat(file).catch(() => undefined);
      if (stat !== undefined && nowMs - stat.mtimeMs > keepMs)
        await fs.promises.rm(file, { force: true });
    }
  }
}
