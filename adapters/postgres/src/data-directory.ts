import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemRandom } from '@kiln/base';
import type { Command } from './launch.ts';
import { startFailure } from './start-failure.ts';

/** The only role; it owns everything. Nobody but the user of this home can reach the socket. */
export const databaseUser = 'kiln';
export const databaseName = 'postgres';

const initMs = 120_000;

/**
 * Makes the data directory unless it exists. It is prepared under another name and renamed, so that a crash
 * leaves none half-made and of two processes at once one wins. Throws `POSTGRES_INIT_FAILED` and what `startFailure` knows.
 */
export async function initialise(
  dataDirectory: string,
  initdb: string,
  wrap: (command: Command) => Command,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (existsSync(path.join(dataDirectory, 'PG_VERSION'))) return;
  const fresh = `${dataDirectory}.new-${systemRandom.id()}`;
  const args = [
    '-D',
    fresh,
    '-U',
    databaseUser,
    '--auth=trust',
    '--no-locale',
    '--encoding=UTF8',
    '--no-instructions',
    // As the server is started with; here it counts for the first file of the log.
    '--set=wal_init_zero=off',
  ];
  const command = wrap({ file: initdb, args });
  try {
    await promisify(execFile)(command.file, [...command.args], {
      env,
      timeout: initMs,
      maxBuffer: 1 << 20,
    });
    await rename(fresh, dataDirectory);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (existsSync(path.join(dataDirectory, 'PG_VERSION'))) return;
    throw startFailure(outputOf(error), 'POSTGRES_INIT_FAILED');
  }
}

function outputOf(error: unknown): string {
  const { stdout, stderr, message } = error as {
    stdout?: string;
    stderr?: string;
    message: string;
  };
  return `${stdout ?? ''}\n${stderr ?? ''}`.trim() || message;
}
