import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError, withoutUserInfo } from '@kiln/base';
import type { GitLimits } from './limits.ts';

export interface GitOptions {
  /** The bare repository. */
  readonly repository?: string;
  /** `GIT_ALLOW_PROTOCOL`; by default nothing is reached. */
  readonly protocols?: string;
  /** A descriptor that git and all its processes keep open: the lock of the repository. */
  readonly lock?: number;
  readonly signal?: AbortSignal | undefined;
}

export type GitResult =
  | { readonly kind: 'done'; readonly output: string }
  /** `reason` is what git said at last, in one line and without credentials. */
  | { readonly kind: 'failed'; readonly reason: string; readonly said: string };

const outputBytesMax = 64 * 2 ** 20;
const saidBytesMax = 64 * 2 ** 10;

/**
 * Git for hostile servers: with a configuration and an environment of our own and nothing else, without hooks, helpers,
 * prompts and templates, with limits on time, memory and file size, and ended with us however we end.
 */
export class Git {
  readonly #home: string;
  readonly #limits: GitLimits;

  private constructor(home: string, limits: GitLimits) {
    this.#home = home;
    this.#limits = limits;
  }

  /** `home` becomes the directory with git's configuration; it belongs to this class. */
  static async open(home: string, limits: GitLimits): Promise<Git> {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await writeFile(join(home, '.gitconfig'), configuration);
    return new Git(home, limits);
  }

  /** Throws `SOURCE_GIT_MISSING`, `SOURCE_TOO_LARGE`, and the signal's reason. */
  async run(argv: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    options.signal?.throwIfAborted();
    const { fileBytesMax, memoryBytesMax, commandMs } = this.#limits;
    // Whoever writes too much is told so, instead of being ended without a word.
    const told = ['env', '--ignore-signal=XFSZ'];
    const limited = ['prlimit', `--fsize=${fileBytesMax}`, `--data=${memoryBytesMax}`, '--core=0'];
    const repository = options.repository === undefined ? [] : [`--git-dir=${options.repository}`];
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', ...told, ...limited, 'git', ...repository, ...argv],
      {
        cwd: this.#home,
        env: environmentOf(this.#home, options.protocols ?? ''),
        // A group of its own, so that all of it can be ended.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', options.lock ?? 'ignore'],
      },
    );
    const ended = await follow(child, commandMs, options.signal);
    options.signal?.throwIfAborted();
    return resultOf(ended, fileBytesMax);
  }
}

function environmentOf(home: string, protocols: string): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'none'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_ALLOW_PROTOCOL: protocols,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
}

/** Everything stays in packs, as they are linked and never rewritten in place. */
const configuration = `[core]
	hooksPath = /dev/null
	fsmonitor = false
[credential]
	helper =
[fetch]
	unpackLimit = 1
	writeCommitGraph = false
[gc]
	auto = 0
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
[init]
	defaultBranch = main
	templateDir =
[maintenance]
	auto = false
[protocol]
	version = 2
[safe]
	directory = *
[submodule]
	recurse = false
[transfer]
	unpackLimit = 1
`;

interface Ended {
  readonly exitCode: number | undefined;
  readonly late: boolean;
  readonly missing: boolean;
  readonly output: string;
  readonly said: string;
}

async function follow(
  child: ChildProcess,
  commandMs: number,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  const output = gather(child, 'stdout', outputBytesMax);
  const said = gather(child, 'stderr', saidBytesMax);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end(child);
  }, commandMs);
  const onAbort = (): void => end(child);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const [exitCode, missing] = await new Promise<[number | undefined, boolean]>((resolve) => {
      child.once('error', () => resolve([undefined, true]));
      child.once('close', (code) => resolve([code ?? undefined, false]));
    });
    return { exitCode, late, missing, output: output(), said: said() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The last bytes that came; a command whose output is longer is ended. */
function gather(child: ChildProcess, name: 'stdout' | 'stderr', bytesMax: number): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= bytesMax) return;
    if (name === 'stdout') end(child);
    while (size > bytesMax && chunks.length > 1) size -= chunks.shift()?.length ?? 0;
  });
  return () => Buffer.concat(chunks).subarray(-bytesMax).toString('utf8');
}

function end(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Ended by itself in the meantime.
  }
}

function resultOf(ended: Ended, fileBytesMax: number): GitResult {
  const said = withoutUserInfo(ended.said);
  if (ended.missing || (ended.exitCode === 127 && /failed to execute/.test(said))) throw missing();
  if (/File too large/.test(said)) {
    throw new KilnError('SOURCE_TOO_LARGE', `a repository is larger than ${fileBytesMax} bytes`, {
      hint: 'check it out with less history',
    });
  }
  if (ended.exitCode === 0) return { kind: 'done', output: ended.output };
  return { kind: 'failed', reason: ended.late ? 'it took too long' : lastLine(said), said };
}

function lastLine(said: string): string {
  const lines = said.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const fatal = lines.findLast((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1);
  return fatal?.replace(/^(fatal|error): /, '').trim() ?? 'git ended without a word';
}

function missing(): KilnError {
  return new KilnError(
    'SOURCE_GIT_MISSING',
    'a program that fetches repositories is not installed',
    {
      hint: 'as root: apt-get install -y git util-linux',
    },
  );
}
