import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@kiln/base';
import { messageOf } from '@kiln/base';

const patienceMs = 60_000;

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
      await sleep(100);
    }
  }
}
