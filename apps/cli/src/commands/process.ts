import fs from 'node:fs';
import path from 'node:path';
import {
  placeOf,
  serverProcess,
  signerProcess,
  supervisorProcess,
  workerProcess,
} from '@kiln/server';
import { startTicks } from '../client.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { endOnFailure } from '../end-on-failure.ts';

export const processCommand: Command = {
  name: 'process',
  summary: 'Run one process of the factory in the foreground. kiln up starts all of them.',
  usage: 'process supervisor|server|worker|signer',
  examples: ['kiln process server'],
  options: {},
  async run({ config, positionals }) {
    const manifest = JSON.parse(
      fs.readFileSync(path.join(config.root, 'package.json'), 'utf8'),
    ) as { version: string };
    const options = {
      place: placeOf(config.root, config.home, config.runtime),
      port: config.port,
      version: manifest.version,
      osCatalog: config.osCatalog,
      catalog: config.catalog,
      only: (process.env['KILN_ONLY'] ?? '').split(',').filter((name) => name !== ''),
      resyncMs: config.resyncMs,
      retention: config.retention,
      networkAllow: config.networkAllow,
      proxyVariables: config.proxyVariables,
    };
    switch (positionals[0] ?? '') {
      case 'supervisor': {
        const main = path.join(config.root, 'apps/cli/src/main.ts');
        await supervisorProcess({
          ...options,
          argv: [process.execPath, ...process.execArgv, main, 'process'],
          startTicks,
        });
        return 0;
      }
      case 'server':
        await endOnFailure(() => serverProcess(options));
        return 0;
      case 'worker':
        await endOnFailure(() => workerProcess(options));
        return 0;
      case 'signer':
        await endOnFailure(() => signerProcess(options));
        return 0;
      default:
        throw usage(processCommand, 'which process?');
    }
  },
};
