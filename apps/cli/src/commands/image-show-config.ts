import { completeImageConfig, imageConfigYaml, printApkoJson } from '@kiln/image-config';
import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';
import { appendOptions, configOptions } from '../image-build/command-options.ts';
import { withImageTask } from '../image-build/command-task.ts';
import { ImageRepositories } from '../image-build/repositories.ts';
import { imageRequest, solvedRepositories, trustedKeys } from '../image-build/request.ts';
import type { ImageRequest } from '../image-build/request.ts';
import type { ImageTask } from '../image-build/task.ts';

export const imageShowConfig: Command = {
  name: 'image show-config',
  summary:
    'Print a configuration as a build understands it, with all it includes, the packages of --package-append and what is filled in. Repositories and keys of the command line are used and not recorded, so that they are not printed. Needs no running factory.',
  usage: 'image show-config CONFIG [--package-append PACKAGE]... [--json]',
  examples: [
    'kiln image show-config nginx.yaml',
    'kiln image show-config nginx.yaml -p busybox',
    "kiln image show-config nginx.yaml --json | jq '.contents.packages'",
  ],
  options: { ...jsonOption, ...configOptions, ...appendOptions },
  async run(invocation) {
    const { flags, print } = invocation;
    const { config } = await withImageTask(imageShowConfig, invocation, readRequest);
    const complete = completeImageConfig(config);
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(JSON.parse(printApkoJson(complete)), null, 2)}\n`
        : imageConfigYaml(complete),
    );
    return 0;
  },
};

async function readRequest(task: ImageTask): Promise<ImageRequest> {
  const nowhere = { repositories: [], keys: [] };
  const request = await imageRequest({ ...task, defaultPlaces: async () => nowhere });
  if (request.dialect === 'kiln') return request;
  // What no build could use is refused here too, as apko refuses it.
  solvedRepositories(request);
  await new ImageRepositories(task).keys(trustedKeys(request));
  return request;
}
