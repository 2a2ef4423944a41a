import { spawn } from 'node:child_process';
import { open, type FileHandle } from 'node:fs/promises';
import { KilnError } from '@kiln/base';

/** A lock that is held; the kernel gives it up with the last process that has the descriptor, however it ends. */
export interface FileLock {
  readonly descriptor: number;
  release(): Promise<void>;
}

export interface LockOptions {
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes the lock of a file, which is made when it is not there, and waits for whoever holds it. A lock belongs to the open
 * file, not to a process (flock(2)): `flock` takes it on the descriptor that it inherits and ends, and it stays ours, and
 * that of the processes we hand the descriptor on to.
 * Throws `SOURCE_UNAVAILABLE` (retry later) when it is held for too long, `SOURCE_GIT_MISSING`, the signal's reason.
 */
export async function lockFile(path: string, { waitMs, signal }: LockOptions): Promise<FileLock> {
  signal?.throwIfAborted();
  const handle = await open(path, 'a', 0o600);
  try {
    await take(handle, waitMs, signal);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { descriptor: handle.fd, release: () => handle.close() };
}

async function take(
  handle: FileHandle,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const child = spawn('flock', ['--exclusive', '--wait', String(waitMs / 1000), '3'], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
  });
  const stop = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', () => {
      reject(
        new KilnError('SOURCE_GIT_MISSING', 'the program "flock" is not installed', {
          hint: 'as root: apt-get install -y util-linux',
        }),
      );
    });
    child.once('close', resolve);
  }).finally(() => signal?.removeEventListener('abort', stop));
  signal?.throwIfAborted();
  if (code === 0) return;
  throw new KilnError(
    'SOURCE_UNAVAILABLE',
    'another process uses the same repository for too long',
    {
      retry: 'later',
      hint: 'wait for the other build',
    },
  );
}
