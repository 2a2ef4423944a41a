import fs from 'node:fs';
import { KilnError, shorten, systemRandom } from '@kiln/base';
import { fetchUrl, keepInFolder } from '@kiln/sources';
import type { FolderSource } from '@kiln/sources';
import { readRecipeFile } from '../../local/recipe-file.ts';
import { fetchSteps } from '../fetch-steps.ts';
import type { FetchStep } from '../fetch-steps.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const updateCache: Subcommand = {
  name: 'update-cache',
  usage: '<config.yaml>',
  summary: 'Fetch the sources of a recipe into the cache',
  description:
    'Fetch what the main pipeline of a recipe fetches into the cache, unless it is there already. Each file is checked and named by its digest.',
  examples: ['kiln melange update-cache --cache-dir ./melange-cache zlib.yaml'],
  positionals: { min: 1 },
  flags: {
    'cache-dir': {
      type: 'string',
      default: '/var/cache/melange',
      help: 'the folder of sources, by digest',
      check: (value) => (/^[a-z]+:\/\//.test(value) ? 'it is a folder here' : undefined),
      exception: 'A folder; buckets are refused',
    },
  },
  run: async ({ flags, positionals: [file = ''], log, signal }) => {
    const recipe = readRecipeFile(file, { dialect: 'melange', commit: '' });
    const folder = flags.string('cache-dir');
    for (const step of fetchSteps(recipe)) {
      const digests = digestsOf(step);
      if (digests.length === 0) {
        log.warn(`${step.uri} has no digest, and is not kept`);
        continue;
      }
      requireFolder(folder);
      const options = { fetchUrl, random: systemRandom, signal };
      const outcome = await keepInFolder(folder, { uri: step.uri, digests }, options);
      log.info(`${outcome} ${step.uri}`);
    }
  },
};

/** melange makes none. */
function requireFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  throw new KilnError('LOCAL_FILE_NOT_FOUND', `there is no folder "${shorten(folder, 200)}"`, {
    hint: 'make it, or name another one with --cache-dir',
  });
}

function digestsOf({ sha256, sha512 }: FetchStep): FolderSource['digests'] {
  return [
    ...(sha256 === undefined ? [] : [{ algorithm: 'sha256', hex: sha256 } as const]),
    ...(sha512 === undefined ? [] : [{ algorithm: 'sha512', hex: sha512 } as const]),
  ];
}
