import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '@kiln/base';
import type { ImageDetail, ImageSummary, KeyDetail, Status } from '@kiln/server/schemas';
import { endProcessesOf, killProcessesOf, removeTree } from './leftovers.ts';
import type { CommandResult, StartedCommand } from './run-command.ts';
import { startCommand } from './run-command.ts';

/** The clone that is tested. */
export const repository: string = path.resolve(import.meta.dirname, '../../..');

const fixtureCatalog = path.resolve(import.meta.dirname, '../fixtures/catalog');

export interface FactoryOptions {
  /** A home to start from, which is copied; an empty one unless named. */
  readonly homeFrom?: string;
  /** Further variables of every command. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Put before every command line, such as `taskset`. */
  readonly prefix?: readonly string[];
  /** How deep below the temporary folder the home lies: other lengths of paths than other factories have. */
  readonly within?: string;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/**
 * A real factory, driven by the real command line, with a home and a copy of the fixture catalog of its own. Disposing
 * of it ends all its processes, whatever state they are in, and deletes both.
 */
export class Factory implements AsyncDisposable {
  /** Holds everything of this factory; working directory of commands. */
  readonly directory: string;
  readonly home: string;
  /** A copy of the fixture catalog with Kiln OS's pipelines; tests edit it. */
  readonly catalog: string;
  readonly #environment: Record<string, string>;
  readonly #prefix: readonly string[];
  readonly #crashed: () => void;
  readonly #stopped: () => void;

  constructor(options: FactoryOptions = {}) {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-e-'));
    const within = path.join(this.directory, options.within ?? '');
    this.home = path.join(within, 'home');
    this.catalog = path.join(within, 'catalog');
    fs.mkdirSync(within, { recursive: true });
    copyFixtureCatalog(this.catalog);
    if (options.homeFrom === undefined) fs.mkdirSync(this.home, { mode: 0o700 });
    else copyTree(options.homeFrom, this.home);
    this.#prefix = options.prefix ?? [];
    this.#environment = { ...cleanEnvironment(), ...options.environment };
    this.#environment['KILN_HOME'] = this.home;
    this.#environment['KILN_PORT'] ??= '0';
    this.#environment['KILN_OS_CATALOG'] = this.catalog;
    this.#crashed = () => void killProcessesOf(this.directory);
    this.#stopped = () => process.exit(1);
    process.once('exit', this.#crashed);
    process.once('SIGTERM', this.#stopped);
  }

  /** Starts `kiln WORDS`. */
  start(words: readonly string[], options: CallOptions = {}): StartedCommand {
    const main = path.join(repository, 'apps/cli/src/main.ts');
    const flags = ['--disable-warning=ExperimentalWarning'];
    return this.startProgram([process.execPath, ...flags, main, ...words], options);
  }

  /** Starts any program with the environment of this factory's commands. */
  startProgram(argv: readonly string[], options: CallOptions = {}): StartedCommand {
    return startCommand([...this.#prefix, ...argv], {
      cwd: options.cwd ?? this.directory,
      environment: { ...this.#environment, ...options.environment },
      timeoutMs: options.timeoutMs ?? 120_000,
    });
  }

  /** Runs `kiln WORDS` to its end, however it ends. */
  kiln(words: readonly string[], options: CallOptions = {}): Promise<CommandResult> {
    return this.start(words, options).result;
  }

  /** Runs `kiln WORDS` and returns its standard output. Throws when it fails. */
  async succeed(words: readonly string[], options: CallOptions = {}): Promise<string> {
    const result = await this.kiln(words, options);
    if (result.exitCode === 0) return result.stdout;
    throw new Error(
      `kiln ${words.join(' ')} exited with ${result.exitCode} after ${Math.round(result.tookMs)} ms:\n${result.stderr}${result.stdout}${this.#processLogs()}`,
    );
  }

  /** The ends of the processes' logs, for the report of a failure. */
  #processLogs(): string {
    const logs = ['supervisor', 'server', 'worker', 'signer'].map((name) => {
      const file = path.join(this.home, 'log', `${name}.log`);
      return fs.existsSync(file) ? `\n${name}: ${fs.readFileSync(file, 'utf8').slice(-1_500)}` : '';
    });
    return logs.join('');
  }

  /** Runs `kiln WORDS --json` and returns what it printed. */
  async json<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.succeed([...words, '--json'])) as T;
  }

  status(): Promise<Status> {
    return this.json<Status>('status');
  }

  images(): Promise<readonly ImageSummary[]> {
    return this.json<ImageSummary[]>('image', 'ls');
  }

  image(name: string): Promise<ImageDetail> {
    return this.json<ImageDetail>('image', 'show', name);
  }

  key(key: string): Promise<KeyDetail> {
    return this.json<KeyDetail>('queue', 'show', key);
  }

  /** Runs `kiln up` until the catalog is as desired. */
  up(...words: readonly string[]): Promise<string> {
    return this.succeed(['up', ...words], { timeoutMs: 400_000 });
  }

  /** Resolves with the first status that fits. Throws with the last one after `timeoutMs`. */
  async until(
    what: string,
    fits: (status: Status) => boolean,
    timeoutMs = 90_000,
  ): Promise<Status> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status();
      if (fits(status)) return status;
      if (performance.now() > deadline) {
        throw new Error(`${what} did not come within ${timeoutMs} ms: ${JSON.stringify(status)}`);
      }
      await sleep(200);
    }
  }

  /** Changes a file of the catalog by replacing a piece of text that it must hold. */
  edit(file: string, from: string, to: string): void {
    const before = this.read(file);
    assert(before.includes(from), `${file} does not hold ${from}`);
    this.write(
      file,
      before.replace(from, () => to),
    );
  }

  /** The text of a file of the catalog. */
  read(file: string): string {
    return fs.readFileSync(path.join(this.catalog, file), 'utf8');
  }

  /** Writes a file of the catalog as editors do: beside it, then in its place. */
  write(file: string, text: string): void {
    const target = path.join(this.catalog, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(`${target}~`, text);
    fs.renameSync(`${target}~`, target);
  }

  /** Removes a file of the catalog. */
  remove(file: string): void {
    fs.rmSync(path.join(this.catalog, file));
  }

  /** The file that holds a blob. */
  blobFile(digest: string): string {
    const hex = digest.slice('sha256:'.length);
    const file = path.join(this.home, 'blobs', 'sha256', hex.slice(0, 2), hex);
    assert(fs.existsSync(file), `there is no blob ${digest}`);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#crashed);
    process.removeListener('SIGTERM', this.#stopped);
    await this.kiln(['down'], { timeoutMs: 60_000 }).catch(() => undefined);
    await endProcessesOf(this.directory);
    await removeTree(this.directory);
    await removeTree(runtimeOf(this.home));
  }
}

/** The folder of sockets that the command line derives from a home. */
function runtimeOf(home: string): string {
  const name = createHash('sha256').update(home).digest('hex').slice(0, 12);
  return path.join(os.tmpdir(), `kiln-${process.getuid?.() ?? 0}-${name}`);
}

/** The environment of this process without what would change what Kiln does. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined &&
      !/^(KILN_|VITEST|NODE_(?!COMPILE_CACHE|EXTRA_CA)|TEST$|DEV$|PROD$|MODE$|BASE_URL$)/.test(
        pair[0],
      ),
  );
  return Object.fromEntries(kept);
}

/** Lays a catalog of a dozen small recipes there, with the pipelines of Kiln OS. */
export function copyFixtureCatalog(folder: string): void {
  fs.cpSync(fixtureCatalog, folder, { recursive: true });
  fs.cpSync(path.join(repository, 'catalog/pipelines'), path.join(folder, 'pipelines'), {
    recursive: true,
  });
}

/** Copies a stopped home with owners, modes, links and times; where the file system can, files share their blocks. */
export function copyTree(from: string, to: string): void {
  const copied = spawnSync('cp', ['-a', '--reflink=auto', '--', from, to], { encoding: 'utf8' });
  assert(copied.status === 0, `cp -a ${from} ${to}: ${copied.stderr}`);
}
