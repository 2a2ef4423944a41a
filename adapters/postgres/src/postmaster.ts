import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** What is known of the server process of one data directory. */
export type Postmaster =
  | { readonly state: 'absent' }
  | { readonly state: 'starting' | 'ready' | 'stopping'; readonly pid: number };

/**
 * Reads `postmaster.pid` (lines: process id, data directory, start time, port, socket directory, listen
 * address, shared memory, status) and looks whether that process lives and serves this directory:
 * after a kill the file remains, and its number may belong to somebody else by now.
 */
export function inspectPostmaster(dataDirectory: string): Postmaster {
  const lines = readLines(path.join(dataDirectory, 'postmaster.pid'));
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !serves(pid, dataDirectory))
    return { state: 'absent' };
  const status = lines[7]?.trim();
  if (status === 'ready') return { state: 'ready', pid };
  return { state: status === 'stopping' ? 'stopping' : 'starting', pid };
}

/** A server writes its lock file at once after making it. */
const emptyLockMs = 10_000;

/**
 * Removes the lock files of killed servers that PostgreSQL does not replace itself: those whose process id has been given to another process, and
 * those that were never written. What a server is about to write stays: without it two would begin. Shared memory still in use is
 * found by PostgreSQL itself.
 */
export function clearStaleLocks(
  dataDirectory: string,
  socketDirectory: string,
  port: number,
): void {
  const locks = [
    path.join(socketDirectory, `.s.PGSQL.${port}.lock`),
    path.join(dataDirectory, 'postmaster.pid'),
  ];
  for (const lock of locks) if (isStale(lock, dataDirectory)) rmSync(lock, { force: true });
}

function isStale(lock: string, dataDirectory: string): boolean {
  const found = statSync(lock, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.size === 0) return Date.now() - found.mtimeMs > emptyLockMs;
  const pid = Number(readLines(lock)[0]);
  return isAlive(pid) && !serves(pid, dataDirectory);
}

/** True while the process exists and has not ended. */
export function isAlive(pid: number): boolean {
  const stat = readLines(`/proc/${pid}/stat`)[0];
  // The state follows the command name, which is in parentheses and may itself hold any character.
  return stat !== undefined && stat !== '' && !/\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')));
}

/** True while the process lives and is a server of this data directory. */
export function serves(pid: number, dataDirectory: string): boolean {
  const argv = (readLines(`/proc/${pid}/cmdline`)[0] ?? '').split('\0');
  return (
    path.basename(argv[0] ?? '') === 'postgres' && argv.includes(dataDirectory) && isAlive(pid)
  );
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    // Absent, or gone between two reads: there is no such process.
    return [];
  }
}
