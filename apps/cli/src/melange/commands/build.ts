import { lintFlags, recipeFlags, runFlags } from '../build-flags.ts';
import { buildRecipe } from '../build.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const build: Subcommand = {
  name: 'build',
  usage: '[config.yaml]',
  summary: 'Build the packages of a recipe',
  examples: ['kiln melange build zlib.yaml --arch x86_64 --signing-key melange.rsa'],
  positionals: { min: 0 },
  flags: {
    ...recipeFlags,
    ...runFlags,
    ...lintFlags,
    cleanup: {
      type: 'bool',
      default: true,
      help: 'remove the guest’s folder',
      unused: 'nothing is left of the guest',
    },
    'override-host-triplet-libc-substitution-flavor': {
      type: 'string',
      default: 'gnu',
      help: 'the C library in ${{host.triplet.*}}: gnu or musl',
    },
    trace: {
      type: 'string',
      help: 'where to write a trace of the build',
      refused: 'there is no such trace',
    },
  },
  run: buildRecipe,
};
