import { readSigningKey, signPackageFile } from '@kiln/apk-files';
import { mapBounded, systemRandom } from '@kiln/base';
import type { Subcommand } from '../../drop-in/subcommand.ts';

const atOnce = 4;

export const sign: Subcommand = {
  name: 'sign',
  usage: '<package.apk...>',
  summary: 'Sign packages, in place of the signatures they have',
  examples: ['kiln melange sign -k melange.rsa zlib-1.3-r0.apk', 'kiln melange sign *.apk'],
  positionals: { min: 1 },
  flags: {
    'signing-key': {
      type: 'string',
      shorthand: 'k',
      default: 'local-melange.rsa',
      help: 'the private key',
    },
  },
  run: async ({ flags, positionals, log }) => {
    const key = await readSigningKey(flags.string('signing-key'));
    await mapBounded(positionals, atOnce, async (path) => {
      log.info(`processing apk ${path}`);
      await signPackageFile(path, key, systemRandom);
    });
  },
};
