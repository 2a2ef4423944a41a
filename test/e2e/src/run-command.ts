import { spawn } from 'node:child_process';

/** How a command ended and what it said. */
export interface CommandResult {
  /** 128 and more: it was killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** It is killed then. */
  readonly timeoutMs: number;
}

/** A command that goes on while the test does something else. */
export interface StartedCommand {
  readonly result: Promise<CommandResult>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when standard error or output has said this. Throws when the command ends first. */
  says(pattern: RegExp): Promise<void>;
}

/** Starts a program in a process group of its own with exactly this environment. */
export function startCommand(argv: readonly string[], options: CommandOptions): StartedCommand {
  const startedAt = performance.now();
  const [program = '', ...words] = argv;
  const child = spawn(program, words, {
    cwd: options.cwd,
    env: { ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    // "close" may wait for a background process that inherited the pipes: the end of the program counts.
    child.once('exit', (code) => {
      clearTimeout(timer);
      const end = (): void =>
        resolve({ exitCode: code ?? 137, ...text, tookMs: performance.now() - startedAt });
      const patience = setTimeout(end, 1_000);
      child.once('close', () => {
        clearTimeout(patience);
        end();
      });
    });
  });
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text.stdout + text.stderr)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      void result.then(
        () => reject(new Error(`it ended without saying ${pattern}: ${text.stdout}${text.stderr}`)),
        reject,
      );
    });
  return { result, says, signal: (name) => void child.kill(name) };
}
