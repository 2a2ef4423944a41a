import { guestFlags, runFlags } from '../build-flags.ts';
import { testRecipe } from '../test.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const test: Subcommand = {
  name: 'test',
  usage: '<config.yaml> [package]',
  summary: 'Run the tests of a recipe against its packages',
  examples: [
    'kiln melange test zlib.yaml --arch x86_64 -r ./packages -k melange.rsa.pub',
    'kiln melange test zlib.yaml zlib-dev',
  ],
  positionals: { min: 1 },
  flags: {
    ...guestFlags,
    ...runFlags,
    'debug-runner': {
      type: 'bool',
      help: 'nothing: tests leave nothing',
      unused: 'what a test leaves is of no use; -i opens a shell where it fails',
    },
    'cache-dir': { type: 'string', help: 'the folder of sources, by digest' },
    'test-option': {
      type: 'strings',
      help: 'nothing: tests have no options',
      unused: 'melange switches none on for a test',
    },
    timeout: {
      type: 'duration',
      help: 'nothing: tests take as long as they take',
      unused: 'melange waits for tests in any case',
    },
    'test-package-append': { type: 'strings', help: 'more packages for the guest of each test' },
  },
  run: testRecipe,
};
