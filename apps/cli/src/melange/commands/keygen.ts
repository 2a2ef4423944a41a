import { existsSync } from 'node:fs';
import { systemRandom } from '@kiln/base';
import { generateKeyFiles } from '@kiln/apk-files';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const keygen: Subcommand = {
  name: 'keygen',
  usage: '[key.rsa]',
  summary: 'Make a key pair that signs packages and indexes',
  examples: ['kiln melange keygen', 'kiln melange keygen my.rsa --key-size 3072'],
  positionals: { min: 0, max: 1 },
  flags: { 'key-size': { type: 'int', default: 4096, help: 'bits of the modulus' } },
  run: async ({ flags, positionals: [path = 'melange.rsa'], log }) => {
    const bits = flags.integer('key-size');
    // melange takes the place of keys without a word; a script may rely on it, a person should know.
    if (existsSync(path)) log.warn(`the key in ${path} is replaced`);
    log.info(`making a key of ${bits} bits`);
    const made = await generateKeyFiles({ path, bits, present: 'replace', random: systemRandom });
    log.info(`wrote private key to ${made.privateFile}`);
    log.info(`wrote public key to ${made.publicFile}`);
  },
};
