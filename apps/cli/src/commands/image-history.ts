import type { TagHistory } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import type { Config } from '../config.ts';
import { parseOwnName } from '../image/own-name.ts';
import { table } from '../report.ts';

/** What the factory takes. */
const numbersMax = { limit: 1000, before: Number.MAX_SAFE_INTEGER };

export const imageHistory: Command = {
  name: 'image history',
  summary: 'List when the tags of an image moved, where to, and when they were deleted.',
  wordsMax: 1,
  usage: 'image history NAME[:TAG] [--limit N] [--before NUMBER] [--json]',
  examples: [
    'kiln image history nginx',
    'kiln image history nginx:latest --limit 5',
    "kiln image history nginx:latest --json | jq -r '.events[1].digest'",
  ],
  options: {
    limit: {
      type: 'string',
      value: 'N',
      help: `how many changes, at most ${numbersMax.limit} (default: 100)`,
    },
    before: {
      type: 'string',
      value: 'NUMBER',
      help: 'those before: what the last page gave as next',
    },
    ...jsonOption,
  },
  async run({ config, positionals, flags, print }) {
    const address = addressOf(config, positionals[0], flags);
    const history = await connectClient(config).call<TagHistory>('GET', address);
    if (flags['json'] === true) print.data(`${JSON.stringify(history, null, 2)}\n`);
    else if (history.events.length === 0) print.talk('nothing is known of such a tag\n');
    else {
      print.data(table(['TIME', 'TAG', 'DIGEST'], history.events.map(rowOf)));
      if (history.next !== null)
        print.talk(`there is more: kiln image history … --before ${history.next}\n`);
    }
    return 0;
  },
};

/** Throws `USAGE` and `OCI_REFERENCE_INVALID`. */
function addressOf(
  config: Config,
  text: string | undefined,
  flags: Parameters<Command['run']>[0]['flags'],
): string {
  if (text === undefined) throw usage(imageHistory, 'which image?');
  const { repository, tag, digest } = parseOwnName(config, text);
  if (digest !== undefined)
    throw usage(imageHistory, 'a digest has no history: name a tag, or none for all tags');
  const query = new URLSearchParams(tag === undefined ? {} : { tag });
  for (const [name, max] of Object.entries(numbersMax)) {
    const value = flags[name];
    if (typeof value !== 'string') continue;
    if (!/^[1-9]\d{0,15}$/.test(value) || Number(value) > max)
      throw usage(imageHistory, `--${name} takes a number up to ${max}`);
    query.set(name, value);
  }
  return `/api/images/${encodeURIComponent(repository)}/history?${query.toString()}`;
}

function rowOf({ tag, digest, at }: TagHistory['events'][number]): readonly string[] {
  return [new Date(at).toISOString(), tag, digest ?? 'deleted'];
}
