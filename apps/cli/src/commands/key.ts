import fs from 'node:fs';
import path from 'node:path';
import { KilnError } from '@kiln/base';
import type { Command } from '../command.ts';

export const keyPublic: Command = {
  name: 'key public',
  summary:
    'Print the public key that verifies images (default), or the one that verifies packages.',
  usage: 'key public [--apk]',
  examples: ['kiln key public > kiln.pub', 'kiln key public --apk'],
  options: { apk: { type: 'boolean', help: 'the RSA key of packages and indexes' } },
  async run({ config, flags, print }) {
    const folder = path.join(config.home, 'public');
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    const name = names.find((one) =>
      flags['apk'] === true
        ? one.endsWith('.rsa.pub')
        : one.endsWith('.pub') && !one.endsWith('.rsa.pub'),
    );
    if (name === undefined)
      throw new KilnError('KEY_NOT_FOUND', `there is no key in ${folder} yet`, {
        hint: 'kiln up makes the keys',
      });
    print.data(fs.readFileSync(path.join(folder, name), 'utf8'));
    return 0;
  },
};
