import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError, silentLogger } from '@kiln/base';
import type { Logger } from '@kiln/base';
import { initialise } from './data-directory.ts';
import { asOrdinaryUser, endingWithParent, serverArguments } from './launch.ts';
import type { Command } from './launch.ts';
import { linkLibraries, locateNativeFiles } from './native-files.ts';
import type { NativeFiles } from './native-files.ts';
import { clearStaleLocks, inspectPostmaster, isAlive, serves } from './postmaster.ts';
import { makeSocketDirectory, socketDirectoryOf, socketPort } from './socket-directory.ts';
import { isPassingConflict, startFailure } from './start-failure.ts';

/*
 * The life of the embedded server
 *
 * <home>/postgres          the data directory, made by initdb under another name and renamed
 * <home>/postgres-run      links to libraries, the passwd file for the user namespace
 * <home>/log/postgres.log  what the server says
 *
 * start: a live server of this data directory is adopted; one that is coming up or going down is waited for;
 * otherwise lock files of a killed one are cleared and a new one is started. The server gets SIGINT (an orderly
 * shutdown) when the process that started it dies, by the kernel's parent death signal; where `setpriv` is missing
 * an ordinary user's server outlives it and the next start adopts it. A kill of the server at any moment is
 * repaired by PostgreSQL's crash recovery at the next start.
 */

export interface EmbeddedPostgresOptions {
  /** The factory's home directory; made when absent. */
  readonly home: string;
  readonly logger?: Logger;
  /** Whether a data directory is made where there is none; default true. Without, there must be one. */
  readonly initialise?: boolean;
  /** How long a start may take, crash recovery included; default 60,000. */
  readonly readyMs?: number;
}

const logBytesMax = 16 * 1024 * 1024;
const pollMs = 20;

/** A PostgreSQL server of this home. Made by `startEmbeddedPostgres`. */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly socketDirectory: string;
  readonly dataDirectory: string;
  /** The postmaster's process id on this host. */
  readonly pid: number;
  /** True when the server was running already. */
  readonly adopted: boolean;

  constructor(place: Place, pid: number, adopted: boolean) {
    this.socketDirectory = place.socketDirectory;
    this.dataDirectory = place.dataDirectory;
    this.pid = pid;
    this.adopted = adopted;
  }

  /** Resolves when the server has ended, for whatever reason. */
  async exited(signal?: AbortSignal): Promise<void> {
    while (isAlive(this.pid)) await sleep(200, undefined, signal === undefined ? {} : { signal });
  }

  /**
   * Stops the server: orderly, and after 10 s without mercy. Committed data is safe either way. One whose data directory
   * was removed is stopped at once.
   */
  async stop(): Promise<void> {
    if (await stopPostmaster(this.dataDirectory)) return;
    if (serves(this.pid, this.dataDirectory)) await endedAfter(this.pid, 'SIGQUIT', 5_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface Place {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly runDirectory: string;
  readonly logFile: string;
}

/**
 * Starts the server of this home, or adopts the one that runs. Resolves when it accepts connections.
 * Throws `POSTGRES_FILES_MISSING`, `POSTGRES_SANDBOX_MISSING`, `POSTGRES_NAMESPACE_REFUSED`, `POSTGRES_LIBRARY_MISSING`,
 * `POSTGRES_SOCKET_UNUSABLE`, `POSTGRES_DISK_FULL`, `POSTGRES_DATA_INCOMPATIBLE`, `POSTGRES_INIT_FAILED`, `POSTGRES_START_FAILED`.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const logger = options.logger ?? silentLogger;
  const place = preparePlace(options.home);
  const files = locateNativeFiles();
  const libraries = path.join(place.runDirectory, 'lib');
  await linkLibraries(libraries, files.links);
  const env = serverEnvironment(`${libraries}:${files.libraryDirectory}`);
  const searchPath = `${process.env['PATH'] ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`;
  const home = path.dirname(place.dataDirectory);
  const user = {
    uid: process.getuid?.() ?? 1000,
    stateDirectory: place.runDirectory,
    searchPath,
    hidden: [path.join(home, 'keys')],
  };
  const initialising = { ...user, writable: [home] };
  const wrap = (one: Command): Command => asOrdinaryUser(one, initialising);
  if (options.initialise ?? true) await initialise(place.dataDirectory, files.initdb, wrap, env);
  const serving = { ...user, writable: [place.dataDirectory, place.socketDirectory] };
  const program = endingWithParent(serverCommand(files, place), searchPath);
  const command = asOrdinaryUser(program, serving);
  const server = await untilReady(
    place,
    () => launch(command, place, env),
    options.readyMs ?? 60_000,
  );
  logger.info(server.adopted ? 'database adopted' : 'database started', { pid: server.pid });
  return server;
}

/** Stops the server of this home if one runs, whoever started it. True when there was one. */
export async function stopEmbeddedPostgres(home: string): Promise<boolean> {
  return stopPostmaster(placeOf(home).dataDirectory);
}

function preparePlace(home: string): Place {
  mkdirSync(path.join(home, 'log'), { recursive: true });
  const place = placeOf(home);
  mkdirSync(place.runDirectory, { recursive: true });
  makeSocketDirectory(place.socketDirectory);
  return place;
}

function placeOf(home: string): Place {
  const real = realpathOf(home);
  return {
    dataDirectory: path.join(real, 'postgres'),
    socketDirectory: socketDirectoryOf(real),
    runDirectory: path.join(real, 'postgres-run'),
    logFile: path.join(real, 'log', 'postgres.log'),
  };
}

function realpathOf(home: string): string {
  try {
    return realpathSync(home);
  } catch {
    // No home yet: nothing runs there.
    return path.resolve(home);
  }
}

function serverEnvironment(libraryPath: string): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    LD_LIBRARY_PATH: libraryPath,
  };
}

function serverCommand(files: NativeFiles, place: Place): Command {
  return {
    file: files.postgres,
    args: serverArguments(place.dataDirectory, place.socketDirectory),
  };
}

interface Launched {
  readonly child: ChildProcess;
  /** What this launch has written so far. */
  output(): string;
}

/** A process group of its own keeps the terminal's Ctrl-C away from the server. */
function launch(command: Command, place: Place, env: NodeJS.ProcessEnv): Launched {
  clearStaleLocks(place.dataDirectory, place.socketDirectory, socketPort);
  rotate(place.logFile);
  const log = openSync(place.logFile, 'a');
  const start = fstatSync(log).size;
  const child = spawn(command.file, [...command.args], {
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let spawnError = '';
  child.on('error', (error) => (spawnError = error.message));
  return {
    child,
    output: () => spawnError || readFileSync(place.logFile).subarray(start).toString('utf8'),
  };
}

function rotate(logFile: string): void {
  const sizeBytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBytes > logBytesMax) renameSync(logFile, `${logFile}.1`);
}

async function untilReady(
  place: Place,
  start: () => Launched,
  readyMs: number,
): Promise<EmbeddedPostgres> {
  const deadline = Date.now() + readyMs;
  let launched: Launched | undefined;
  let conflict = '';
  while (Date.now() < deadline) {
    const found = inspectPostmaster(place.dataDirectory);
    if (found.state === 'ready')
      return new EmbeddedPostgres(place, found.pid, launched === undefined);
    if (found.state === 'absent') {
      if (launched === undefined) launched = start();
      else if (hasEnded(launched.child)) {
        conflict = await passingConflict(launched);
        launched = undefined;
      }
    }
    await sleep(pollMs);
  }
  const output = launched?.output() ?? conflict;
  if (launched !== undefined) await stopPostmaster(place.dataDirectory);
  throw startFailure(`${output}\nnot ready after ${readyMs} ms`, 'POSTGRES_START_FAILED');
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** After a passing conflict, which this returns, the start is tried again shortly; anything else is final. */
async function passingConflict(launched: Launched): Promise<string> {
  const output = launched.output();
  if (!isPassingConflict(output)) throw startFailure(output, 'POSTGRES_START_FAILED');
  await sleep(250);
  return output;
}

/** SIGINT (disconnect everybody, write a checkpoint), after 10 s SIGQUIT, after 5 more SIGKILL. */
async function stopPostmaster(dataDirectory: string): Promise<boolean> {
  const found = inspectPostmaster(dataDirectory);
  if (found.state === 'absent') return false;
  for (const [signal, waitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (await endedAfter(found.pid, signal, waitMs)) return true;
  }
  throw new KilnError('POSTGRES_STOP_FAILED', `the database process ${found.pid} does not end`, {
    hint: 'its disk may hang; look at the process with ps',
    retry: 'later',
  });
}

async function endedAfter(pid: number, signal: NodeJS.Signals, waitMs: number): Promise<boolean> {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in the meantime; the loop below sees that.
  }
  const deadline = Date.now() + waitMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}
