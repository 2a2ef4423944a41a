import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@kiln/base';
import { KilnError, messageOf } from '@kiln/base';
import { connect, isMigrated, socketDirectoryOf } from '@kiln/postgres';

const patienceMs = 60_000;
const pollMs = 40;

/** Waits until the database answers; it may be starting again at this very moment. Throws its last error. */
export async function waitForDatabase(ask: () => Promise<unknown>, log: Logger): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      log.debug('the database does not answer yet', { error: messageOf(error) });
      await sleep(pollMs);
    }
  }
}

/** Waits until the database of this home has the schema of this Kiln. Throws the last error, or `DATABASE_SCHEMA`. */
export async function waitForSchema(home: string, log: Logger): Promise<void> {
  const database = connect({ socketDirectory: socketDirectoryOf(home) });
  const ask = async (): Promise<void> => {
    if (await isMigrated(database)) return;
    throw new KilnError('DATABASE_SCHEMA', 'the database does not have the schema of this Kiln', {
      hint: 'kiln down, then kiln up: the start brings the schema up to date',
    });
  };
  try {
    await waitForDatabase(ask, log);
  } finally {
    await database.destroy();
  }
}
