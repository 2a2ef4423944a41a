import fs from 'node:fs';
import path from 'node:path';
import { KilnError, shorten, systemClock } from '@kiln/base';
import { parseProgress, type BuildProgress, type UnfinishedBuild } from '@kiln/build';
import type { GuestLock } from '@kiln/solve';
import { removeTree } from '@kiln/sandbox-bwrap';

/** What a build left in a folder: its workspace, its guest's lock, and how far it got. */
export interface KeptBuild {
  readonly folder: string;
  /** The recipe's file, absolute. */
  readonly recipe: string;
  readonly progress: BuildProgress;
}

/** What there is to say of a build that is kept. */
export interface KeptFacts {
  readonly recipe: string;
  readonly arch: string;
  readonly name: string;
  readonly version: string;
  /** The digest of the build that did not come to its end. */
  readonly action: string;
  /** The guest's root file system. */
  readonly guest: string;
  readonly lock: GuestLock;
  readonly progress: BuildProgress;
  /** Whether somebody or another build had a hand in the workspace. */
  readonly touched: boolean;
}

const stateFile = 'state.json';
const stateBytesMax = 64 * 1024 * 1024;
const layout = 1;
const abandonedAfterMs = 2 * 24 * 3_600_000;

/**
 * Builds that failed or were stopped, one for each recipe and architecture, in folders
 *
 *   ARCH/NAME/workspace    what is `/home/build` in the guest
 *   ARCH/NAME/state.json   recipe, action, guest, which steps are done, and what they depended on
 *   ARCH/NAME/lock.json    the packages of the guest
 *
 * A folder appears whole, by rename, in the place of the one before it. Builds run in folders beside them (`.run-…`), as a
 * workspace moves by rename only within a file system.
 */
export class KeptBuilds {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = path.resolve(directory);
  }

  /** A folder for one run, which its maker removes. What runs left behind that were killed two days ago is removed. */
  async makeRun(): Promise<string> {
    fs.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of fs.readdirSync(this.#directory)) {
      const folder = path.join(this.#directory, name);
      const abandoned = systemClock.now() - abandonedAfterMs;
      const old = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
      if (name.startsWith('.run-') && old < abandoned) await removeTree(folder);
    }
    return fs.mkdtempSync(path.join(this.#directory, '.run-'));
  }

  folderOf({ name, arch }: { readonly name: string; readonly arch: string }): string {
    return path.join(this.#directory, arch, name);
  }

  /** Takes the workspace of a build over; `run` is the folder it ran in. Returns where it is now. */
  async keep(run: string, left: UnfinishedBuild, facts: KeptFacts): Promise<string> {
    const { lock, ...state } = facts;
    const whole = path.join(run, 'kept');
    fs.mkdirSync(whole, { mode: 0o700 });
    fs.renameSync(left.workspace.hostPath, path.join(whole, 'workspace'));
    fs.writeFileSync(path.join(whole, 'lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
    fs.writeFileSync(
      path.join(whole, stateFile),
      `${JSON.stringify({ layout, ...state }, null, 2)}\n`,
    );
    const folder = this.folderOf(facts);
    fs.mkdirSync(path.dirname(folder), { recursive: true, mode: 0o700 });
    await this.remove(folder);
    fs.renameSync(whole, folder);
    return folder;
  }

  async remove(folder: string): Promise<void> {
    await removeTree(folder);
  }

  /** Reads what is kept in a folder; undefined: nothing is. Throws `LOCAL_KEPT_INVALID` for what this Kiln cannot use. */
  read(folder: string): KeptBuild | undefined {
    const file = path.join(folder, stateFile);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const state = stat.size > stateBytesMax ? undefined : parseState(file);
    const progress = parseProgress(state?.['progress']);
    const recipe = state?.['recipe'];
    if (progress === undefined || typeof recipe !== 'string') {
      throw new KilnError('LOCAL_KEPT_INVALID', `cannot go on with "${shorten(folder, 200)}"`, {
        hint: 'another version of Kiln left it, or it is damaged: remove it',
      });
    }
    return { folder, recipe, progress };
  }
}

function parseState(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const state = JSON.parse(fs.readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
    return state['layout'] === layout ? state : undefined;
  } catch {
    // Not JSON: as good as another layout.
    return undefined;
  }
}

/** The workspace of a build that is kept. */
export function keptWorkspace({ folder }: KeptBuild): string {
  return path.join(folder, 'workspace');
}
