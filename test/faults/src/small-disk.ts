import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A mount namespace of its own, kept by a process that sleeps; commands enter it through `prefix`. */
export class OwnMounts implements Disposable {
  readonly #keeper: ChildProcess;
  readonly prefix: readonly string[];

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper;
    this.prefix = ['nsenter', `--mount=/proc/${keeper.pid}/ns/mnt`, '--'];
  }

  /** Undefined where this user may not have one: it takes root. */
  static async open(): Promise<OwnMounts | undefined> {
    if (process.getuid?.() !== 0) return undefined;
    const words = ['--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; exec sleep 900'];
    const keeper = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    const ready = new Promise<boolean>((resolve) => {
      keeper.stdout.once('data', () => resolve(true));
      keeper.once('exit', () => resolve(false));
      keeper.once('error', () => resolve(false));
    });
    if (!(await Promise.race([ready, sleep(10_000).then(() => false)]))) return undefined;
    return new OwnMounts(keeper);
  }

  /** Runs a program in the namespace to its end and returns its output. Throws when it fails. */
  run(...words: readonly string[]): string {
    const [program = '', ...rest] = [...this.prefix, ...words];
    const result = spawnSync(program, rest, { encoding: 'utf8', timeout: 60_000 });
    if (result.status === 0) return result.stdout;
    throw new Error(`${words.join(' ')}: ${result.stderr}`);
  }

  [Symbol.dispose](): void {
    this.#keeper.kill('SIGKILL');
  }
}
