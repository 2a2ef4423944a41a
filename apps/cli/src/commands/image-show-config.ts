import { completeImageConfig, imageConfigYaml, printApkoJson } from '@kiln/image-config';
import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';
import { configOptions } from '../image-build/command-options.ts';
import { withImageTask } from '../image-build/command-task.ts';
import { imageRequest } from '../image-build/request.ts';

export const imageShowConfig: Command = {
  name: 'image show-config',
  summary:
    'Print a configuration as a build understands it, with all it includes and what is filled in. Needs no running factory.',
  usage: 'image show-config CONFIG [--json]',
  examples: [
    'kiln image show-config nginx.yaml',
    "kiln image show-config nginx.yaml --json | jq '.contents.packages'",
  ],
  options: { ...jsonOption, ...configOptions },
  async run(invocation) {
    const { flags, print } = invocation;
    const { config } = await withImageTask(imageShowConfig, invocation, (task) =>
      imageRequest({ ...task, defaultPlaces: async () => ({ repositories: [], keys: [] }) }),
    );
    const complete = completeImageConfig(config);
    print.data(
      flags['json'] === true
        ? `${JSON.stringify(JSON.parse(printApkoJson(complete)), null, 2)}\n`
        : imageConfigYaml(complete),
    );
    return 0;
  },
};
