import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

/**
 * Who reads a checkout: git, with the settings of its user; or as go-git does, which takes one whoever owns it, that begins in the
 * working directory or below, and is described by its own settings alone, without what these include and without variables.
 */
export type GitReading = 'git' | 'go-git';

/** The commit that a folder's checkout is at; undefined where there is no git, no checkout or no commit. */
export async function gitHead(
  folder: string,
  reading: GitReading = 'git',
): Promise<string | undefined> {
  const commit = await git(folder, ['rev-parse', '--verify', 'HEAD'], reading);
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}

/** When the last commit that touched a file was made, in seconds since 1970. */
export async function gitCommitTime(folder: string, file: string): Promise<number | undefined> {
  const time = await git(folder, ['log', '-1', '--format=%ct', '--', file], 'git');
  return /^\d{1,12}$/.test(time) ? Number(time) : undefined;
}

/** The first address of the remote `origin` of a folder's checkout, as it was given; undefined where there is none. */
export async function gitRemote(
  folder: string,
  reading: GitReading = 'git',
): Promise<string | undefined> {
  const settings = reading === 'git' ? ['config'] : ownSettings;
  const addresses = await git(folder, [...settings, '--get-all', 'remote.origin.url'], reading);
  return addresses.split('\n')[0] || undefined;
}

/** Whether a folder's checkout has extensions, such as those of partial clones, with which go-git takes it for none. */
export async function gitIsExtended(folder: string): Promise<boolean> {
  const words = [...ownSettings, '--name-only', '--get-regexp', String.raw`^extensions\.`];
  const extensions = await git(folder, words, 'go-git');
  return extensions.split('\n').some((name) => name !== '' && name !== 'extensions.noop');
}

const ownSettings = ['config', '--local', '--no-includes'];

/**
 * An address as go-git has it by `url.BASE.insteadOf`: the longest beginning that is replaced counts, and nothing is one where a
 * base has other settings alone.
 */
export async function gitRewritten(folder: string, address: string): Promise<string> {
  const words = [...ownSettings, '--null', '--get-regexp', String.raw`^url\..*\.`];
  const settings = await git(folder, words, 'go-git');
  const rewrites = new Map<string, string>();
  for (const setting of settings.split('\0')) {
    const [, base, key, value = ''] = /^url\.([^\n]*)\.([^.\n]+)(?:\n(.*))?$/s.exec(setting) ?? [];
    if (base === undefined) continue;
    // To go-git a base has one beginning, the last.
    rewrites.set(base, key === 'insteadof' ? value : (rewrites.get(base) ?? ''));
  }
  const [rewrite] = [...rewrites]
    .filter(([, beginning]) => address.startsWith(beginning))
    .sort(([, a], [, b]) => b.length - a.length);
  return rewrite === undefined ? address : rewrite[0] + address.slice(rewrite[1].length);
}

function git(folder: string, words: readonly string[], reading: GitReading): Promise<string> {
  // Nothing that is asked for here runs what a checkout of somebody else's names.
  const trust = reading === 'git' ? [] : ['-c', 'safe.directory=*'];
  const child = spawn('git', ['-C', folder, ...trust, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: reading === 'git' ? process.env : ownEnvironment(),
    timeout: 10_000,
  });
  return new Promise((resolve) => {
    let output = '';
    child.once('error', () => resolve(''));
    // What could not be started may have no streams.
    if (child.pid === undefined) return;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('close', (code) => resolve(code === 0 ? output.trim() : ''));
  });
}

function ownEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return {
    ...Object.fromEntries(others),
    GIT_CEILING_DIRECTORIES: path.dirname(process.cwd()),
    GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
  };
}
