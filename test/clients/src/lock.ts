import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { KilnError } from '@kiln/base';

/**
 * Runs `work` while no other process on this host holds the lock file. The kernel owns the lock, through util-linux's
 * `flock`, so that it ends with the process that took it, however that ends.
 */
export async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', ['-x', path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = once(holder, 'close').catch(() => undefined);
  const held = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    closed.then(() => false),
  ]);
  if (!held) {
    throw new KilnError('CLIENT_COMMAND_MISSING', `could not lock ${path} with flock`, {
      hint: 'install util-linux on this host',
    });
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await closed;
  }
}
