import { systemRandom } from '@kiln/base';
import { fetchUrl } from '@kiln/sources';
import { hostArchitecture } from '../../local/architecture.ts';
import { bumpRecipe } from '../../local/bump-recipe.ts';
import type { Subcommand } from '../../drop-in/subcommand.ts';

export const bump: Subcommand = {
  name: 'bump',
  usage: '<config.yaml> <version>',
  summary: 'Set a recipe to another version',
  description:
    'Set a recipe to another version: the epoch becomes 0 (or one more where the version stays), what the main pipeline fetches is fetched and its digests are written anew. Everything else in the file keeps its bytes.',
  examples: [
    'kiln melange bump zlib.yaml 1.3.1',
    'kiln melange bump zlib.yaml 1.3.1 --expected-commit 51b7f2abdade71cd9bb0e7a373ef2610ec6f9daf',
  ],
  positionals: { min: 2 },
  flags: {
    'expected-commit': {
      type: 'string',
      help: 'the commit of the version, for git-checkout steps whose tag follows from it',
    },
  },
  run: async ({ flags, positionals: [file = '', version = ''], log, signal }) => {
    const { plan, changes } = await bumpRecipe(
      {
        file,
        version,
        dialect: 'melange',
        arch: hostArchitecture(),
        expectedCommit: flags.string('expected-commit') || undefined,
      },
      { fetchUrl, random: systemRandom, signal, onFetch: (uri) => log.info(`fetching ${uri}`) },
    );
    for (const { what, from, to, position } of changes)
      log.info(`line ${position.line}: ${what} is ${to}, and was ${from}`);
    for (const { what, reason, position } of plan.remarks)
      log.warn(`line ${position.line}: ${what}: ${reason}`);
    log.info(`${file} is of ${plan.name}-${plan.version}-r${plan.epoch}`);
  },
};
