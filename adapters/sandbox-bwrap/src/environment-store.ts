import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock, Digest, Random } from '@kiln/base';
import { digestFromHex, hexOf, systemClock, systemRandom } from '@kiln/base';
import type { TarMember } from '@kiln/tar';
import { extractTree } from './extract-tree.ts';
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
 * not at all: it is written under a temporary name, synchronised to disk and renamed; what a crash leaves is a
 * temporary name, removed by `sweep`. Several processes may share the directory.
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
  ensure(key: Digest, members: () => AsyncIterable<TarMember>): Promise<string> {
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const work = this.#ensure(key, members).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  async #ensure(key: Digest, members: () => AsyncIterable<TarMember>): Promise<string> {
    const path = join(this.#directory, hexOf(key));
    if (await this.#touch(path)) return join(path, 'root');
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const temporary = this.#temporary();
    try {
      await mkdir(temporary, { mode: 0o700 });
      await extractTree(join(temporary, 'root'), members());
      await promisify(execFile)('sync', ['-f', '--', temporary], { env: { ...hostEnvironment } });
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
      const { mtimeMs } = await lstat(path);
      found.push({ key: digestFromHex(name), path: join(path, 'root'), usedAtMs: mtimeMs });
    }
    return found;
  }

  /** True when it was there. No sandbox may be using it. */
  async remove(key: Digest): Promise<boolean> {
    const temporary = this.#temporary();
    try {
      await rename(join(this.#directory, hexOf(key)), temporary);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    await removeTree(temporary);
    return true;
  }

  /**
   * Removes what crashes left behind, when it is older than `abandonedMs`: six hours, which no extraction takes, or 0 for
   * the only process of a directory before it extracts anything.
   */
  async sweep(abandonedMs: number = abandonedAfterMs): Promise<void> {
    for (const name of (await this.#names()).filter((candidate) => candidate.startsWith('.tmp-'))) {
      const path = join(this.#directory, name);
      const { mtimeMs } = await lstat(path);
      if (mtimeMs <= this.#clock.now() - abandonedMs) await removeTree(path);
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

  async #touch(path: string): Promise<boolean> {
    const now = this.#clock.now() / 1000;
    try {
      await utimes(path, now, now);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }
}
