import { completeImageConfig, imageConfigYaml } from '@kiln/image-config';
import type { Subcommand } from '../../drop-in/subcommand.ts';
import { appendFlags, cacheFlags } from '../flags.ts';
import { ImageRepositories } from '../repositories.ts';
import { imageRequest, solvedRepositories } from '../request.ts';

export const showConfig: Subcommand = {
  name: 'show-config',
  usage: '<config.yaml>',
  summary: 'Print a configuration with all it includes',
  examples: ['kiln apko show-config nginx.yaml'],
  positionals: { min: 1, max: 1 },
  flags: { ...appendFlags, ...cacheFlags },
  run: async (invocation) => {
    const [file = ''] = invocation.positionals;
    const request = imageRequest(invocation, file, {});
    // What no build could use is refused here too, as apko refuses it.
    solvedRepositories(request);
    await new ImageRepositories(invocation, { cache: true }).keys(request);
    invocation.write(imageConfigYaml(completeImageConfig(request.config)));
  },
};
