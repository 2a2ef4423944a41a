import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Digest, Random } from '@kiln/base';
import { digestFromHex, hexOf, systemClock, systemRandom } from '@kiln/base';
import { extractTree } from './extract-tree.ts';
import type { ExtractedMember } from './extract-tree.ts';
import { hostEnvironment } from './host-environment.ts';
import { removeTree } from './scratch.ts';

export interface EnvironmentStoreOptions {
  /** Absolute; made when absent, readable by this user alone. */
  readonly directory: string;
  readonly random?: Random;
  readonly clock?: Clock;
}

export interface StoredEnvironment {
  readonly key: Digest;
  readonly path: string;
  /** When `ensure` last gave it out. */
  readonly usedAtMs: number;
}

const abandonedAfterMs = 6 * 60 * 60 * 1000;

/**
 * Root file systems on disk by the digest of what they are made of (a lock). An environment is there whole or
 * not at all: it is written under a temporary name and renamed; what a crash of the process leaves is a
 * temporary name, removed by `sweep`. A crash of the machine may leave files without their contents, so an environment counts only
 * for the boot that it was made in until it is known to be on disk; waiting for the disk would take longer than many a build.
 * Several processes may share the directory.
 */
export class EnvironmentStore {
  readonly #directory: string;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #underWay: Map<Digest, Promise<string>> = new Map();

  constructor(options: EnvironmentStoreOptions) {
    this.#directory = options.directory;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * The directory of an environment, made from `members` when it is not there. Simultaneous calls in one
   * process share the work. Throws what `extractTree` throws, and keeps nothing then.
   */
  ensure(key: Digest, members: () => AsyncIterable<ExtractedMember>): Promise<string> {
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const work = this.#ensure(key, members).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  async #ensure(key: Digest, members: () => AsyncIterable<ExtractedMember>): Promise<string> {
    const path = join(this.#directory, hexOf(key));
    if (await this.#touch(path)) return join(path, 'root');
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const temporary = this.#temporary();
    try {
      await mkdir(temporary, { mode: 0o700 });
      await extractTree(join(temporary, 'root'), members());
      await writeFile(join(temporary, stateFile), await bootId());
      await rename(temporary, path);
    } catch (error) {
      await removeTree(temporary);
      // Another process was faster.
      if (!(await this.#touch(path))) throw error;
    }
    return join(path, 'root');
  }

  /** Every environment, in no particular order. */
  async list(): Promise<StoredEnvironment[]> {
    const names = await this.#names();
    const found: StoredEnvironment[] = [];
    for (const name of names.filter((candidate) => /^[0-9a-f]{64}$/.test(candidate))) {
      const path = join(this.#directory, name);
      const usedAtMs = await changedAtMs(path);
      if (usedAtMs !== undefined)
        found.push({ key: digestFromHex(name), path: join(path, 'root'), usedAtMs });
    }
    return found;
  }

  /** True when it was there. No sandbox may be using it. */
  async remove(key: Digest): Promise<boolean> {
    try {
      await this.#discard(join(this.#directory, hexOf(key)));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Removes what crashes left behind, when it is older than `abandonedMs`: six hours, which no extraction takes, or 0 for
   * the only process of a directory before it extracts anything.
   */
  async sweep(abandonedMs: number = abandonedAfterMs): Promise<void> {
    for (const name of (await this.#names()).filter((candidate) => candidate.startsWith('.tmp-'))) {
      const path = join(this.#directory, name);
      const madeAtMs = await changedAtMs(path);
      if (madeAtMs !== undefined && madeAtMs <= this.#clock.now() - abandonedMs)
        await removeTree(path);
    }
  }

  #temporary(): string {
    return join(this.#directory, `.tmp-${this.#random.id()}`);
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** True when the environment is there to be used. One of another boot that may not be on disk is removed. */
  async #touch(path: string): Promise<boolean> {
    try {
      const state = await stateOf(path);
      if (state !== onDisk && state !== (await bootId())) {
        await this.#discard(path);
        return false;
      }
      const { mtimeMs } = await lstat(path);
      const now = this.#clock.now();
      await utimes(path, now / 1000, now / 1000);
      if (state !== onDisk && now - mtimeMs > writtenAfterMs) await confirmOnDisk(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async #discard(path: string): Promise<void> {
    const temporary = this.#temporary();
    await rename(path, temporary);
    await removeTree(temporary);
  }
}

/** Beside `root`: the boot that the environment was made in, or that it is on disk. */
const stateFile = 'state';
const onDisk = 'on disk';
/** By then the kernel has written most of it by itself, and waiting for the rest is short. */
const writtenAfterMs = 60_000;

/** Undefined for what another process has removed. */
async function changedAtMs(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function stateOf(path: string): Promise<string> {
  await lstat(path);
  try {
    return await readFile(join(path, stateFile), 'utf8');
  } catch (error) {
    // Made by an earlier version, which waited for the disk.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return onDisk;
    throw error;
  }
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

async function confirmOnDisk(path: string): Promise<void> {
  await promisify(execFile)('sync', ['-f', '--', path], { env: { ...hostEnvironment } });
  await writeFile(join(path, stateFile), onDisk);
}
