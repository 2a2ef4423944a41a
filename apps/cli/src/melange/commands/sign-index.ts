import { readSigningKey, signIndexFile } from '@kiln/apk-files';
import { systemRandom } from '@kiln/base';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const signIndex: Subcommand = {
  name: 'sign-index',
  usage: '<APKINDEX.tar.gz>',
  summary: 'Sign a repository index',
  examples: [
    'kiln melange sign-index --signing-key melange.rsa APKINDEX.tar.gz',
    'kiln melange sign-index --signing-key new.rsa --force APKINDEX.tar.gz',
  ],
  positionals: { min: 1 },
  flags: {
    force: { type: 'bool', shorthand: 'f', help: 'replace the signatures of one that is signed' },
    'signing-key': { type: 'string', default: 'melange.rsa', help: 'the private key' },
  },
  run: async ({ flags, positionals: [path = ''], log }) => {
    const key = await readSigningKey(flags.string('signing-key'));
    const options = { replace: flags.bool('force'), random: systemRandom };
    const signed = await signIndexFile(path, key, options);
    if (signed === undefined) log.info(`index ${path} is signed already, and stays as it is`);
    else log.info(`signed index ${path}`, { keyName: key.keyName });
  },
};
