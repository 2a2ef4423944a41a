import { spawn } from 'node:child_process';
import path from 'node:path';
import { KilnError, collect, shorten } from '@kiln/base';

/** What is not as it was at a commit. Paths are absolute. */
export interface GitChanges {
  /** The root of the work tree. */
  readonly root: string;
  readonly commit: string;
  /** Changed, added, deleted, or not known to git and not ignored. */
  readonly files: readonly string[];
}

const outputBytesMax = 256 * 2 ** 20;
const deadlineMs = 120_000;

/**
 * Compares the work tree that a folder is in with a commit. Throws `LOCAL_GIT_FAILED` where there is no git, no work tree or no
 * such commit.
 */
export async function gitChanges(folder: string, reference: string): Promise<GitChanges> {
  const root = line(await git(folder, ['rev-parse', '--show-toplevel']));
  const commit = line(
    await git(folder, ['rev-parse', '--verify', '--end-of-options', `${reference}^{commit}`]),
  );
  const changed = await git(root, [
    'diff',
    '--name-only',
    '-z',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules=all',
    commit,
    '--',
  ]);
  const others = await git(root, ['ls-files', '--others', '--exclude-standard', '-z']);
  const names = [...changed.toString('utf8').split('\0'), ...others.toString('utf8').split('\0')];
  const files = names.filter((name) => name !== '').map((name) => path.join(root, name));
  return { root, commit, files: [...new Set(files)] };
}

/** The bytes of files as they were at the commit, by absolute path, without those that were not there. */
export async function gitContents(
  { root, commit }: GitChanges,
  files: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  // The protocol has a name a line: a name with a line break cannot be asked for, and no recipe has one.
  const asked = files.filter((file) => !file.includes('\n'));
  const input = asked.map((file) => `${commit}:${path.relative(root, file)}\n`).join('');
  if (asked.length === 0) return new Map();
  const output = await git(root, ['cat-file', '--batch'], input);
  const contents = new Map<string, Buffer>();
  let at = 0;
  for (const file of asked) {
    const end = output.indexOf(10, at);
    const header = /^[0-9a-f]+ (\w+) (\d+)$/.exec(output.toString('utf8', at, end));
    at = end + 1;
    if (header === null) continue;
    const size = Number(header[2]);
    if (header[1] === 'blob') contents.set(file, output.subarray(at, at + size));
    at += size + 1;
  }
  return contents;
}

async function git(folder: string, words: readonly string[], input = ''): Promise<Buffer> {
  // A monitor of files would be a program that the repository names.
  const child = spawn('git', ['-C', folder, '-c', 'core.fsmonitor=false', ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: deadlineMs,
    env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1' },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'ENOENT' ? absent(cause) : failed('cannot run git', cause)),
    );
    child.once('close', (code) => resolve(code ?? 1));
  });
  // What could not be started may have no streams.
  if (child.pid === undefined) await ended;
  // What git does not want to read any more is its affair.
  child.stdin.on('error', () => undefined).end(input);
  const tooLong = (): Error => failed(`git ${words[0] ?? ''} says too much`);
  const [code, output, talk] = await Promise.all([
    ended,
    collect(child.stdout, outputBytesMax, tooLong),
    collect(child.stderr, outputBytesMax, tooLong),
  ]);
  if (code === 0) return Buffer.from(output);
  const said = Buffer.from(talk).toString('utf8').trim().split('\n')[0] ?? '';
  throw failed(`git ${words[0] ?? ''} in ${shorten(folder, 200)}: ${shorten(said, 200)}`);
}

function line(output: Buffer): string {
  return output.toString('utf8').replace(/\r?\n$/, '');
}

function absent(cause: unknown): KilnError {
  return new KilnError('LOCAL_GIT_FAILED', 'there is no git on this host', {
    hint: 'install git: it says what differs from a commit',
    cause,
  });
}

function failed(message: string, cause?: unknown): KilnError {
  return new KilnError('LOCAL_GIT_FAILED', message, {
    hint: 'the recipes have to be in a git checkout that has the commit',
    cause,
  });
}
