import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import { findRunning } from '../client.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { down, clearKilledFactory } from './down.ts';

/** What Kiln makes in its home; nothing else there is touched. */
export const homeFolders = [
  'apt',
  'blobs',
  'digests',
  'environments',
  'expanded',
  'git',
  'keys',
  'log',
  'network',
  'postgres',
  'postgres-run',
  'public',
  'run',
  'scratch',
  'segments',
  'uploads',
  'workspaces',
] as const;

export const reset: Command = {
  name: 'reset',
  summary:
    'Delete all state of the factory: packages, images, keys, history. This cannot be undone.',
  wordsMax: 0,
  usage: 'reset --yes [--keep-keys]',
  examples: ['kiln reset --yes', 'kiln reset --yes --keep-keys'],
  options: {
    yes: { type: 'boolean', help: 'really delete' },
    'keep-keys': { type: 'boolean', help: 'keep the signing keys' },
  },
  async run(invocation) {
    const { config, flags, print } = invocation;
    if (flags['yes'] !== true)
      throw usage(reset, `this deletes everything under ${config.home}; say --yes to do it`);
    if (findRunning(config.home) !== undefined) await down.run(invocation);
    if (findRunning(config.home) !== undefined)
      throw new KilnError('FACTORY_RUNNING', 'the factory still runs', { hint: 'kiln down' });
    await clearKilledFactory(config);
    for (const folder of homeFolders) {
      if (flags['keep-keys'] === true && (folder === 'keys' || folder === 'public')) continue;
      // After a crash of the supervisor the database may still be writing its last.
      const patient = { maxRetries: 20, retryDelay: 100 };
      fs.rmSync(path.join(config.home, folder), { recursive: true, force: true, ...patient });
    }
    print.talk(`deleted the state in ${config.home}\n`);
    return 0;
  },
};
