import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/base';
import { findRunning } from '../client.ts';
import type { Command } from '../command.ts';
import type { Config } from '../config.ts';

const stopMs = 30_000;

export const down: Command = {
  name: 'down',
  summary: 'Stop the factory. What was under way goes on at the next start.',
  wordsMax: 0,
  usage: 'down',
  examples: ['kiln down', 'KILN_HOME=/srv/kiln kiln down'],
  options: {},
  async run({ config, print }) {
    const stopped = await stopFactory(config.home);
    if (!stopped) await clearKilledFactory(config);
    print.talk(stopped ? 'the factory is stopped\n' : `no factory runs on ${config.home}\n`);
    return 0;
  },
};

/** Stops the factory of this home and waits for its end; false when there is none. Throws `FACTORY_DOWN_TIMEOUT`. */
export async function stopFactory(home: string): Promise<boolean> {
  const running = findRunning(home);
  if (running === undefined) return false;
  process.kill(running.pid, 'SIGTERM');
  const deadline = performance.now() + stopMs;
  while (findRunning(home) !== undefined) {
    if (performance.now() > deadline) {
      throw new KilnError(
        'FACTORY_DOWN_TIMEOUT',
        `process ${running.pid} did not stop within ${stopMs / 1000} s`,
        { hint: 'kiln logs supervisor shows what it waits for' },
      );
    }
    await sleep(50);
  }
  return true;
}

/** Removes what a factory of this home that was killed left outside of it. */
export async function clearKilledFactory({ root, home, runtime }: Config): Promise<void> {
  if (!fs.existsSync(runtime)) return;
  // Loaded only where there is something: it is the whole server.
  const server = await import('@kiln/server');
  await server.clearKilledFactory(server.placeOf(root, home, runtime));
}
