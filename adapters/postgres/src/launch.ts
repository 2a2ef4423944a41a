import { existsSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import path from 'node:path';
import { KilnError } from '@kiln/base';

/** A program with its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * A thirty-second of the memory, from 64 MiB to 512 MiB. Rows come in the order of digests, so every one is on another page: a page
 * that stays until the next checkpoint is written once, whatever comes to it.
 */
function sharedBuffersMb(memoryBytes: number): number {
  return Math.round(Math.min(Math.max(memoryBytes / 32 / 2 ** 20, 64), 512));
}

/** What this process and its children may have, all together. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Small, durable, reachable through the socket only. */
export function serverArguments(dataDirectory: string, socketDirectory: string): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: '0700',
    max_connections: '60',
    shared_buffers: `${sharedBuffersMb(memoryBytes())}MB`,
    huge_pages: 'off',
    io_method: 'sync',
    jit: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    // The first change to a page after a checkpoint writes all of it, twice: with few checkpoints most changes are not the first.
    max_wal_size: '1GB',
    checkpoint_timeout: '15min',
    // Otherwise all of the log is written twice, and a flush of some kilobytes dirties a megabyte of the page cache.
    wal_init_zero: 'off',
    max_parallel_workers_per_gather: '0',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    log_timezone: 'UTC',
    timezone: 'UTC',
    // Idle transactions of a stopped worker must not hold locks or keep dead rows for ever.
    idle_in_transaction_session_timeout: '60s',
  };
  return [
    '-D',
    dataDirectory,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

export interface AsUser {
  readonly uid: number;
  /** Where our passwd file is written when one is needed. */
  readonly stateDirectory: string;
  /** The directories that are searched for programs. */
  readonly searchPath: string;
  /** What the program may write. */
  readonly writable: readonly string[];
  /** Folders that it must not see: the signing keys. Those that do not exist are passed over. */
  readonly hidden: readonly string[];
}

/**
 * Whoever may speak SQL to the server can read files and run programs as it: the host is read-only there but for its own
 * folders, and hidden folders are empty.
 *
 * The command that runs a PostgreSQL program as somebody PostgreSQL accepts. It refuses to run as root, so root
 * enters a user namespace in which it is user 1000, under a passwd file of ours; the host gets no account, files
 * stay root's, and the process ids are those of the host. Throws `POSTGRES_SANDBOX_MISSING`.
 */
export function asOrdinaryUser(command: Command, user: AsUser): Command {
  const bwrap = findProgram('bwrap', user.searchPath);
  if (bwrap === undefined) {
    throw new KilnError(
      'POSTGRES_SANDBOX_MISSING',
      'PostgreSQL runs in a namespace of its own and bubblewrap is not installed',
      { hint: 'install it: apt-get install bubblewrap' },
    );
  }
  return { file: bwrap, args: [...namespaceArguments(user), '--', command.file, ...command.args] };
}

function namespaceArguments(user: AsUser): string[] {
  const id = String(user.uid === 0 ? 1000 : user.uid);
  return [
    ['--ro-bind', '/', '/', '--dev', '/dev'],
    user.writable.flatMap((folder) => ['--bind', folder, folder]),
    user.hidden
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => ['--tmpfs', folder, '--remount-ro', folder]),
    ['--unshare-user', '--uid', id, '--gid', id, '--die-with-parent'],
    user.uid === 0 ? ['--ro-bind', passwdFile(user.stateDirectory), '/etc/passwd'] : [],
  ].flat();
}

function passwdFile(stateDirectory: string): string {
  const file = path.join(stateDirectory, 'passwd');
  writeFileSync(file, 'kiln:x:1000:1000:kiln:/:/bin/false\n');
  return file;
}

/** Wraps a server so that it shuts down in order when its parent dies, where `setpriv` exists. */
export function endingWithParent(command: Command, searchPath: string): Command {
  const setpriv = findProgram('setpriv', searchPath);
  if (setpriv === undefined) return command;
  return { file: setpriv, args: ['--pdeathsig', 'SIGINT', '--', command.file, ...command.args] };
}

function findProgram(name: string, searchPath: string): string | undefined {
  const directories = searchPath.split(':').filter((directory) => path.isAbsolute(directory));
  return directories
    .map((directory) => path.join(directory, name))
    .find((file) => existsSync(file));
}
