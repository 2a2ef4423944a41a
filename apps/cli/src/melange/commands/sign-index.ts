import { isSignedIndexFile, readSigningKey, signIndexFile } from '@kiln/apk-files';
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
    // Where nothing is signed no key is read, as with melange.
    if (!flags.bool('force') && (await isSignedIndexFile(path))) {
      log.info(`index ${path} is signed already, and stays as it is`);
      return;
    }
    const key = await readSigningKey(flags.string('signing-key'));
    await signIndexFile(path, key, systemRandom);
    log.info(`signed index ${path}`, { keyName: key.keyName });
  },
};
