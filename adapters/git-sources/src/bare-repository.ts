import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git, GitResult } from './git-command.ts';

export interface RepositoryContext {
  readonly git: Git;
  /** The descriptor of the repository's lock. */
  readonly lock: number;
  readonly signal: AbortSignal | undefined;
}

export interface TreeListing {
  readonly mode: string;
  readonly object: string;
  readonly path: string;
}

export interface FetchOptions {
  readonly url: string;
  readonly protocols: string;
  readonly refspecs: readonly string[];
  /** Undefined: the whole history. */
  readonly depth: number | undefined;
}

const objectName = /^[0-9a-f]{40}$/;

/** A bare repository of the cache; whoever uses it holds its lock. Names of refs are full, names of objects 40 digits. */
export class BareRepository {
  readonly directory: string;
  readonly #context: RepositoryContext;

  constructor(directory: string, context: RepositoryContext) {
    this.directory = directory;
    this.#context = context;
  }

  async run(argv: readonly string[], protocols?: string): Promise<GitResult> {
    const { git, lock, signal } = this.#context;
    const reach = protocols === undefined ? {} : { protocols };
    return git.run(argv, { repository: this.directory, lock, signal, ...reach });
  }

  async #output(argv: readonly string[]): Promise<string | undefined> {
    const result = await this.run(argv);
    return result.kind === 'done' ? result.output : undefined;
  }

  async init(): Promise<void> {
    const { git, lock, signal } = this.#context;
    const made = await git.run(['init', '--quiet', '--bare', this.directory], { lock, signal });
    if (made.kind === 'failed') throw new Error(`git init: ${made.reason}`);
  }

  async exists(): Promise<boolean> {
    return (await this.#output(['rev-parse', '--git-dir'])) !== undefined;
  }

  fetch({ url, protocols, refspecs, depth }: FetchOptions): Promise<GitResult> {
    const shallow = depth === undefined ? [] : [`--depth=${depth}`];
    const quiet = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];
    return this.run(['fetch', ...quiet, '--force', ...shallow, '--', url, ...refspecs], protocols);
  }

  /** The object that a ref or an expression names; undefined when there is none. */
  async resolve(expression: string): Promise<string | undefined> {
    const output = await this.#output([
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      expression,
    ]);
    const name = output?.trim() ?? '';
    return objectName.test(name) ? name : undefined;
  }

  async contains(descendant: string, commit: string): Promise<boolean> {
    const result = await this.run(['merge-base', '--is-ancestor', commit, descendant]);
    return result.kind === 'done';
  }

  /** Those of the commits that no other of them contains. */
  async independent(commits: readonly string[]): Promise<readonly string[]> {
    const output = await this.#output(['merge-base', '--independent', ...commits]);
    return output?.trim().split('\n') ?? [];
  }

  async entries(commit: string, paths: readonly string[]): Promise<readonly TreeListing[]> {
    // Paths are no patterns, whatever is in them.
    const argv = ['--literal-pathspecs', 'ls-tree', '-z', commit, '--', ...paths];
    const output = (await this.#output(argv)) ?? '';
    return output.split('\0').flatMap((line): readonly TreeListing[] => {
      const [, mode, object, path] = /^(\d+) \w+ ([0-9a-f]{40})\t([^]*)$/.exec(line) ?? [];
      return mode === undefined || object === undefined || path === undefined
        ? []
        : [{ mode, object, path }];
    });
  }

  async sizeOf(object: string): Promise<number> {
    return Number((await this.#output(['cat-file', '-s', object])) ?? '0');
  }

  /** The settings that a blob holds, in order. */
  async configurationIn(blob: string): Promise<readonly (readonly [string, string])[]> {
    const output = (await this.#output(['config', '--blob', blob, '--list', '-z'])) ?? '';
    return output.split('\0').flatMap((setting): readonly (readonly [string, string])[] => {
      const at = setting.indexOf('\n');
      return at < 0 ? [] : [[setting.slice(0, at), setting.slice(at + 1)]];
    });
  }

  /** The commits at which the history is cut off, as the file has them. */
  async shallow(): Promise<string> {
    try {
      return await readFile(join(this.directory, 'shallow'), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  /** Names of the packs' files, in no order. */
  async packs(): Promise<readonly string[]> {
    const names = await readdir(join(this.directory, 'objects/pack'));
    return names.filter((name) => /^pack-[0-9a-f]+\.(pack|idx|rev)$/.test(name));
  }

  /** Makes one pack of many. */
  async repack(): Promise<void> {
    await this.run(['repack', '-a', '-d', '--quiet']);
  }

  /** Removes what a git that was killed leaves: no other works here while the lock is held. */
  async clearLeftovers(): Promise<void> {
    const names = await readdir(this.directory, { recursive: true }).catch(() => []);
    for (const name of names) {
      if (name.endsWith('.lock') || /(^|\/)tmp_[^/]*$/.test(name))
        await rm(join(this.directory, name), { recursive: true, force: true });
    }
  }
}
