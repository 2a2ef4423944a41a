import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/base';
import { findRunning } from '../client.ts';
import type { Command } from '../command.ts';

const stopMs = 30_000;

export const down: Command = {
  name: 'down',
  summary: 'Stop the factory. What was under way goes on at the next start.',
  usage: 'down',
  examples: ['kiln down', 'KILN_HOME=/srv/kiln kiln down'],
  options: {},
  async run({ config, print }) {
    const running = findRunning(config.home);
    if (running === undefined) {
      print.talk(`no factory runs on ${config.home}\n`);
      return 0;
    }
    process.kill(running.pid, 'SIGTERM');
    const deadline = performance.now() + stopMs;
    while (findRunning(config.home) !== undefined) {
      if (performance.now() > deadline) {
        throw new KilnError(
          'FACTORY_DOWN_TIMEOUT',
          `process ${running.pid} did not stop within ${stopMs / 1000} s`,
          {
            hint: 'kiln logs supervisor shows what it waits for',
          },
        );
      }
      await sleep(50);
    }
    print.talk('the factory is stopped\n');
    return 0;
  },
};
