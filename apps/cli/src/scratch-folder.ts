import { lstatSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/**
 * A folder of one piece of work, which goes when it is disposed. A process that is killed leaves its folder, and the
 * next one that makes a folder of the same prefix removes it.
 *
 * Whether the process still runs is told by a lock on a file in the folder: the kernel drops it when the process ends, however it
 * ends, and shows it to every process, in whatever namespace. The file gets its name only when it is locked. The name has the boot of the
 * kernel, since another one that shares the disk may not see the lock. Folders of other users stay, and those on a file system
 * without locks. Node has no locks for files but those of SQLite: the file is an empty database.
 */
export class ScratchFolder implements AsyncDisposable {
  readonly path: string;
  readonly #lock: DatabaseSync | undefined;

  private constructor(folder: string) {
    this.path = folder;
    this.#lock = lockNew(folder);
  }

  /**
   * `prefix` is what the name begins with; it lies below `TMPDIR` unless `parent` is named. Throws what the system says of a
   * folder that cannot be made.
   */
  static async create(prefix: string, parent: string = tmpdir()): Promise<ScratchFolder> {
    await removeAbandoned(parent, prefix);
    return new ScratchFolder(mkdtempSync(path.join(parent, prefix)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.path);
    this.#lock?.close();
  }
}

/** Locks a folder that nobody else knows of; undefined where that cannot be, and then nobody removes it. */
function lockNew(folder: string): DatabaseSync | undefined {
  const unnamed = path.join(folder, 'lock-new');
  try {
    const lock = locked(unnamed, 'rwc');
    renameSync(unnamed, path.join(folder, lockName()));
    return lock;
  } catch {
    // Without a lock on it the file would say that the process has ended.
    rmSync(unnamed, { force: true });
    return undefined;
  }
}

async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  const folders = namesIn(parent).filter((name) => name.startsWith(prefix));
  for (const name of folders) {
    try {
      await removeIfAbandoned(path.join(parent, name));
    } catch {
      // What is in use, or cannot be removed, stays.
    }
  }
}

/** None of a folder that may be written and not read. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function removeIfAbandoned(folder: string): Promise<void> {
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) return;
  const lock = locked(path.join(folder, lockName()), 'rw');
  try {
    // The lock goes last, so that the rest of what is removed in part is found again.
    for (const name of readdirSync(folder))
      if (name !== lockName()) await remove(path.join(folder, name));
    await remove(folder);
  } finally {
    lock.close();
  }
}

/** Throws when another process has it, and when it is not there or cannot be locked. */
function locked(file: string, mode: 'rw' | 'rwc'): DatabaseSync {
  const address = pathToFileURL(file);
  address.searchParams.set('mode', mode);
  const lock = new DatabaseSync(address);
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function lockName(): string {
  return `lock-${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
}

/** Folders in it may be such that their owner cannot write there. */
async function remove(place: string): Promise<void> {
  try {
    rmSync(place, { recursive: true, force: true });
  } catch {
    const { removeTree } = await import('@kiln/sandbox-bwrap');
    await removeTree(place);
  }
}
