import fs from 'node:fs';
import { KilnError } from '@kiln/base';

const lookMs = 1_000;

interface Held {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

/**
 * Folders that are there as long as the home is. Each is kept open, so that no other gets its number: it is told from
 * one that was made in its place.
 */
export class HeldFolders {
  readonly #held: Held[] = [];

  /** The descriptor stays open as long as the process lives. Throws what the system says of a folder that is not there. */
  add(path: string): void {
    const { dev, ino } = fs.fstatSync(fs.openSync(path, fs.constants.O_DIRECTORY));
    this.#held.push({ path, dev, ino });
  }

  /** The one that was removed or moved away, if any. */
  #gone(): string | undefined {
    return this.#held.find((one) => !isThere(one))?.path;
  }

  /** Throws `FACTORY_HOME_REMOVED`. */
  mustBeThere(): void {
    const gone = this.#gone();
    if (gone === undefined) return;
    throw new KilnError('FACTORY_HOME_REMOVED', `${gone} was removed or moved away`, {
      hint: 'stop a factory with kiln down before its home goes',
    });
  }

  /** Calls back once when one of them is gone. Not a reason for the process to stay alive. */
  whenGone(callback: (path: string) => void): void {
    const timer = setInterval(() => {
      const gone = this.#gone();
      if (gone === undefined) return;
      clearInterval(timer);
      callback(gone);
    }, lookMs);
    timer.unref();
  }
}

/** What cannot be looked at is not known to be gone. */
function isThere({ path, dev, ino }: Held): boolean {
  try {
    const now = fs.statSync(path, { throwIfNoEntry: false });
    return now?.dev === dev && now.ino === ino;
  } catch {
    return true;
  }
}
