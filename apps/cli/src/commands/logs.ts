import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { followFile } from '../follow-file.ts';

const processes = ['supervisor', 'server', 'worker', 'signer', 'postgres'] as const;

export const logs: Command = {
  name: 'logs',
  summary: 'Print the log of a key’s last attempt, or of a process of the factory.',
  wordsMax: 1,
  usage: 'logs KEY|PROCESS [--follow]',
  examples: [
    'kiln logs package:zlib@x86_64 --follow',
    'kiln logs worker',
    'kiln logs server --follow',
  ],
  options: { follow: { type: 'boolean', help: 'go on as the log grows' } },
  async run({ config, positionals, flags, print }) {
    const what = positionals[0];
    if (what === undefined)
      throw usage(logs, `which log? a key, or one of ${processes.join(', ')}`);
    if (!what.includes(':')) {
      const file = path.join(config.home, 'log', `${what}.log`);
      if (!(processes as readonly string[]).includes(what) || !fs.existsSync(file)) {
        throw new KilnError('LOG_NOT_FOUND', `no log of "${what}"`, {
          hint: `processes: ${processes.join(', ')}; keys: kiln queue ls`,
        });
      }
      for await (const text of followFile(file, { follow: flags['follow'] === true }))
        print.data(text);
      return 0;
    }
    const route = `/api/keys/${encodeURIComponent(what)}/log${flags['follow'] === true ? '?follow=true' : ''}`;
    for await (const text of connectClient(config).stream(route)) print.data(text);
    return 0;
  },
};
