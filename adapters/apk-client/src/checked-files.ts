import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { quietly, sealText, unsealText } from '@kiln/base';
import type { Clock, Digest, Random } from '@kiln/base';
import type { BeforeData, ExpectedPackage } from './package-check.ts';

/** What a check of a file found that is worth keeping. */
export interface FileCheck {
  readonly digest: Digest;
  readonly beforeData: BeforeData;
}

export interface CheckedFilesOptions {
  /** Made when absent. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the kernel says of a file, all of which nobody can make as it was after a change. */
interface FileState {
  /** Device, inode, size and both times. */
  readonly text: string;
  readonly changedMs: number;
}

interface Kept {
  readonly state: string;
  readonly check: FileCheck;
}

/** Longer than a tick of the clock that file systems use. */
const settledAfterMs = 100;

/**
 * Packages of directories that were checked before and did not change since, so that a repository at hand is not read to its end
 * for every image. A file is remembered by its path with what the index said of it; it counts as unchanged by device, inode, size
 * and both of its times. One that changed a moment ago may change once more within the same tick, and is not remembered.
 */
export class CheckedFiles {
  readonly #options: CheckedFilesOptions;

  constructor(options: CheckedFilesOptions) {
    this.#options = options;
  }

  /** Undefined for a file that was never checked, or changed. Throws the file system's errors about the file itself. */
  find(path: string, expected: ExpectedPackage): FileCheck | undefined {
    const { text } = stateOf(path);
    const record = this.#read(path, expected);
    return record?.state === text ? record.check : undefined;
  }

  /** What a file is, to be asked for before it is checked. Throws the file system's errors. */
  stateBefore(path: string): FileState {
    return stateOf(path);
  }

  /** Remembers a check of a file that was so before it. What cannot be written is checked again. */
  keep(
    path: string,
    { expected, state, check }: { expected: ExpectedPackage; state: FileState; check: FileCheck },
  ): void {
    if (state.changedMs > this.#options.clock.now() - settledAfterMs) return;
    if (stateOf(path).text !== state.text) return;
    const place = this.#path(path, expected);
    const temporary = `${place}.${this.#options.random.id()}.tmp`;
    try {
      mkdirSync(this.#options.directory, { recursive: true });
      writeFileSync(temporary, sealText(JSON.stringify({ state: state.text, check })), {
        flag: 'wx',
      });
      renameSync(temporary, place);
    } catch {
      quietly(() => rmSync(temporary, { force: true }));
    }
  }

  #read(path: string, expected: ExpectedPackage): Kept | undefined {
    try {
      const text = unsealText(readFileSync(this.#path(path, expected), 'utf8'));
      return text === undefined ? undefined : (JSON.parse(text) as Kept);
    } catch {
      // Not there: the file is checked.
      return undefined;
    }
  }

  #path(path: string, { name, version, checksum }: ExpectedPackage): string {
    const key = JSON.stringify([resolve(path), name, version, checksum]);
    return join(this.#options.directory, createHash('sha256').update(key).digest('hex'));
  }
}

function stateOf(path: string): FileState {
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = statSync(path, { bigint: true });
  return { text: [dev, ino, size, mtimeNs, ctimeNs].join(' '), changedMs: Number(ctimeMs) };
}
