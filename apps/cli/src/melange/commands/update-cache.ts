import type { Subcommand } from '../subcommand.ts';

export const updateCache: Subcommand = {
  name: 'update-cache',
  usage: '<config.yaml>',
  summary: 'Fetch the sources of a recipe into the cache',
  examples: ['kiln melange update-cache --cache-dir ./melange-cache zlib.yaml'],
  positionals: { min: 1 },
  flags: {
    'cache-dir': {
      type: 'string',
      default: '/var/cache/melange',
      help: 'the folder of sources, by digest',
    },
  },
};
