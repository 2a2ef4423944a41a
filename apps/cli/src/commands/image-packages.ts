import type { ImageComponentsView } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { parseOwnName } from '../image/own-name.ts';
import { table } from '../report.ts';

export const imagePackages: Command = {
  name: 'image packages',
  summary: 'List what a version of an image is made of, also one that its tags have left.',
  wordsMax: 1,
  usage: 'image packages NAME[:TAG|@DIGEST] [--json]',
  examples: [
    'kiln image packages nginx',
    "kiln image packages nginx@$(kiln image history nginx --json | jq -r '.events[1].digest')",
  ],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    if (positionals[0] === undefined) throw usage(imagePackages, 'which image?');
    const { repository, tag, digest } = parseOwnName(config, positionals[0]);
    const query = new URLSearchParams({
      ...(digest === undefined ? {} : { digest }),
      ...(tag === undefined ? {} : { tag }),
    });
    const found = await connectClient(config).call<ImageComponentsView>(
      'GET',
      `/api/images/${encodeURIComponent(repository)}/components?${query.toString()}`,
    );
    if (flags['json'] === true) print.data(`${JSON.stringify(found, null, 2)}\n`);
    else
      print.data(
        table(
          ['PACKAGE', 'VERSION', 'TYPE'],
          found.components.map(({ name, version, type }) => [name, version, type]),
        ),
      );
    return 0;
  },
};
