import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';

export const resync: Command = {
  name: 'resync',
  summary: 'Look at keys again now instead of at the next resync: all of them, or those named.',
  usage: 'resync [KEY…]',
  examples: ['kiln resync', 'kiln resync image:nginx'],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const { keys } = await connectClient(config).call<{ keys: string[] }>('POST', '/api/resync', {
      keys: positionals,
    });
    if (flags['json'] === true) print.data(`${JSON.stringify({ keys })}\n`);
    else
      print.talk(`${keys.length} ${keys.length === 1 ? 'key is' : 'keys are'} being looked at\n`);
    return 0;
  },
};
