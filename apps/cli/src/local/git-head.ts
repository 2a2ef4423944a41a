import { spawn } from 'node:child_process';

/** The commit that a folder's checkout is at; undefined where there is no git, no checkout or no commit. */
export async function gitHead(folder: string): Promise<string | undefined> {
  const commit = await git(folder, ['rev-parse', '--verify', 'HEAD']);
  return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}

/** When the last commit that touched a file was made, in seconds since 1970. */
export async function gitCommitTime(folder: string, file: string): Promise<number | undefined> {
  const time = await git(folder, ['log', '-1', '--format=%ct', '--', file]);
  return /^\d{1,12}$/.test(time) ? Number(time) : undefined;
}

/** The first address of the remote `origin` of a folder's checkout, as it was given; undefined where there is none. */
export async function gitRemote(folder: string): Promise<string | undefined> {
  const addresses = await git(folder, ['config', '--get-all', 'remote.origin.url']);
  return addresses.split('\n')[0] || undefined;
}

/**
 * An address as the settings of a folder's checkout itself, not those of its user, have it by `url.BASE.insteadOf`: the longest
 * beginning that is replaced counts.
 */
export async function gitRewritten(folder: string, address: string): Promise<string> {
  const from = ['config', '--local', '--no-includes', '--null'];
  const settings = await git(folder, [...from, '--get-regexp', '^url\\..*\\.insteadof$']);
  const rewrites = new Map<string, string>();
  for (const setting of settings.split('\0')) {
    const [, base = '', beginning = ''] = /^url\.(.*)\.insteadof\n(.+)$/s.exec(setting) ?? [];
    // To go-git a base has one beginning, the last.
    rewrites.set(base, beginning);
  }
  const [rewrite] = [...rewrites]
    .filter(([, beginning]) => beginning !== '' && address.startsWith(beginning))
    .sort(([, a], [, b]) => b.length - a.length);
  return rewrite === undefined ? address : rewrite[0] + address.slice(rewrite[1].length);
}

function git(folder: string, words: readonly string[]): Promise<string> {
  const child = spawn('git', ['-C', folder, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 10_000,
  });
  return new Promise((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', () => resolve(''));
    child.once('close', (code) => resolve(code === 0 ? output.trim() : ''));
  });
}
