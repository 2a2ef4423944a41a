import type { UsedBy } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Client } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { table } from '../report.ts';

const limitDefault = 100;
const limitMax = 100_000;
const pageMax = 1000;

export const packageUsedBy: Command = {
  name: 'package used-by',
  summary:
    'List the images that have a package, or versions of it: those that are tagged now, or all.',
  wordsMax: 1,
  usage: 'package used-by NAME[@VERSION|CONSTRAINT] [--all] [--limit N] [--json]',
  examples: [
    'kiln package used-by zlib',
    "kiln package used-by 'libssl3<3.5.8-r0'",
    'kiln package used-by zlib@1.3.1-r0 --all',
    "kiln package used-by zlib --json | jq -r '.images[].repository' | sort -u",
  ],
  options: {
    all: { type: 'boolean', help: 'also versions of images that no tag points at any more' },
    limit: {
      type: 'string',
      value: 'N',
      help: `how many images, at most ${limitMax} (default: ${limitDefault})`,
    },
    ...jsonOption,
  },
  async run({ config, positionals, flags, print }) {
    const text = positionals[0];
    if (text === undefined) throw usage(packageUsedBy, 'which package?');
    const found = await imagesUsing(connectClient(config), {
      text,
      all: flags['all'] === true,
      limit: limitOf(flags['limit']),
    });
    if (flags['json'] === true) print.data(`${JSON.stringify(found, null, 2)}\n`);
    else if (found.images.length === 0) print.talk(`no image has ${found.package}\n`);
    else {
      print.data(
        table(
          ['IMAGE', 'DIGEST', 'VERSION', 'TAGS'],
          found.images.map(({ repository, digest, versions, tags }) => [
            repository,
            digest,
            versions.join(' '),
            tags.join(' '),
          ]),
        ),
      );
      if (found.next !== null) print.talk('there are more: kiln package used-by … --limit N\n');
    }
    return 0;
  },
};

function limitOf(value: unknown): number {
  if (value === undefined) return limitDefault;
  const limit = Number(value);
  if (!/^[1-9]\d*$/.test(String(value)) || limit > limitMax)
    throw usage(packageUsedBy, `--limit takes a number up to ${limitMax}`);
  return limit;
}

/** Asks for page after page, since a page of tagged images may have few of them. */
async function imagesUsing(
  client: Client,
  { text, all, limit }: { readonly text: string; readonly all: boolean; readonly limit: number },
): Promise<UsedBy> {
  const [, name = '', constraint = ''] = /^([^@<>=~]+)(.*)$/s.exec(text) ?? [];
  if (name === '') throw usage(packageUsedBy, `not a package: ${text}`);
  const images: UsedBy['images'][number][] = [];
  let after: string | null = null;
  for (;;) {
    const query = new URLSearchParams({
      all: String(all),
      limit: String(Math.min(limit - images.length, pageMax)),
      ...(constraint === '' ? {} : { version: constraint.replace(/^@/, '=') }),
      ...(after === null ? {} : { after }),
    });
    const page: UsedBy = await client.call<UsedBy>(
      'GET',
      `/api/packages/${encodeURIComponent(name)}/images?${query.toString()}`,
    );
    images.push(...page.images);
    after = page.next;
    if (after === null || images.length >= limit) return { ...page, images };
  }
}
