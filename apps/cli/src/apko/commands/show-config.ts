import { canonicalArch, completeImageConfig, imageConfigYaml } from '@kiln/image-config';
import type { Subcommand } from '../../drop-in/subcommand.ts';
import { basePackagesOf } from '../../image-build/base-packages.ts';
import { ImageRepositories } from '../../image-build/repositories.ts';
import { imageRequest, solvedRepositories, trustedKeys } from '../../image-build/request.ts';
import { hostArchitecture } from '../../local/architecture.ts';
import { appendFlags, cacheFlags } from '../flags.ts';
import { taskOfFlags } from '../task-of-flags.ts';

const flagTable = { ...appendFlags, ...cacheFlags };

export const showConfig: Subcommand = {
  name: 'show-config',
  usage: '<config.yaml>',
  summary: 'Print a configuration with all it includes',
  examples: ['kiln apko show-config nginx.yaml'],
  positionals: { min: 1, max: 1 },
  flags: flagTable,
  run: async (invocation) => {
    const task = taskOfFlags(invocation, flagTable);
    const request = await imageRequest(task);
    // What no build could use is refused here too, as apko refuses it.
    solvedRepositories(request);
    await basePackagesOf(request, [canonicalArch(hostArchitecture())]);
    await new ImageRepositories(task).keys(trustedKeys(request));
    invocation.write(imageConfigYaml(completeImageConfig(request.config), 'apko'));
  },
};
