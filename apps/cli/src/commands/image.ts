import { KilnError, shorten } from '@kiln/base';
import type {
  ImageDetail,
  ImageSummary,
  RepositoryList,
  RepositoryView,
} from '@kiln/server/schemas';
import type { Client } from '../client.ts';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import type { Config } from '../config.ts';
import { parseOwnName } from '../image/own-name.ts';
import { size, table } from '../report.ts';

export const imageLs: Command = {
  name: 'image ls',
  summary: 'List the images of the catalogs that are tagged, or all repositories of the registry.',
  wordsMax: 0,
  usage: 'image ls [--all] [--json]',
  examples: [
    'kiln image ls',
    "docker pull $(kiln image ls --json | jq -r '.[0].reference')",
    'kiln image ls --all',
    "kiln image ls --all --json | jq -r '.[] | select(.ofCatalog | not).name'",
  ],
  options: {
    all: {
      type: 'boolean',
      help: 'the repositories of the registry, also what was pushed or composed',
    },
    ...jsonOption,
  },
  async run({ config, flags, print }) {
    if (flags['all'] === true) {
      const found = await allRepositories(connectClient(config));
      if (flags['json'] === true) print.data(`${JSON.stringify(found, null, 2)}\n`);
      else if (found.length === 0) print.talk('the registry is empty\n');
      else print.data(describeRepositories(found));
      return 0;
    }
    const rows = await connectClient(config).call<ImageSummary[]>('GET', '/api/images');
    if (flags['json'] === true) print.data(`${JSON.stringify(rows, null, 2)}\n`);
    else if (rows.length === 0)
      print.talk('no image is tagged yet; kiln status says what is under way\n');
    else {
      print.data(
        table(
          ['REFERENCE', 'DIGEST', 'SIZE', 'PACKAGES', 'TAGS'],
          rows.map((row) => [
            row.reference,
            row.digest.slice(0, 19),
            size(row.sizeBytes),
            String(row.packages),
            row.tags.join(' '),
          ]),
        ),
      );
    }
    return 0;
  },
};

const pageMax = 1000;

async function allRepositories(client: Client): Promise<readonly RepositoryView[]> {
  const found: RepositoryView[] = [];
  let after: string | null = '';
  while (after !== null) {
    const query = new URLSearchParams({ after, limit: String(pageMax) });
    const page: RepositoryList = await client.call<RepositoryList>(
      'GET',
      `/api/repositories?${query.toString()}`,
    );
    found.push(...page.repositories);
    after = page.next;
  }
  return found;
}

function describeRepositories(repositories: readonly RepositoryView[]): string {
  return table(
    ['REPOSITORY', 'TAGS', 'NEWEST', 'DIGEST', 'CHANGED', 'CATALOG'],
    repositories.map(({ name, ofCatalog, tags, newest }) => [
      name,
      String(tags),
      newest?.tag ?? '',
      newest === null ? '' : (newest.digest?.slice(0, 19) ?? 'deleted'),
      newest === null ? '' : new Date(newest.at).toISOString(),
      ofCatalog ? 'yes' : 'no',
    ]),
  );
}

export const imageShow: Command = {
  name: 'image show',
  summary: 'Show an image: tags, digests, packages, tests, attestations.',
  wordsMax: 1,
  usage: 'image show NAME[:TAG] [--json]',
  examples: [
    'kiln image show nginx',
    'kiln image show localhost:7420/nginx:latest',
    "kiln image show nginx --json | jq -r '.packages[].name'",
  ],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const text = positionals[0];
    if (text === undefined) throw usage(imageShow, 'which image?');
    const detail = await detailOf(config, text);
    if (flags['json'] === true) {
      print.data(`${JSON.stringify(detail, null, 2)}\n`);
      return 0;
    }
    print.data(
      [
        detail.reference,
        `digest    ${detail.digest}`,
        `manifest  ${detail.manifest}`,
        `tags      ${detail.tags.join(' ')}`,
        `size      ${size(detail.sizeBytes)} compressed`,
        '',
        table(
          ['PACKAGE', 'VERSION', 'LICENSE', 'INSTALLED'],
          detail.packages.map((one) => [
            one.name,
            one.version,
            one.license,
            size(one.installedSizeBytes),
          ]),
        ),
        table(
          ['TEST', 'RESULT'],
          detail.tests.map((one) => [one.name, one.passed ? 'passed' : 'failed']),
        ),
        table(
          ['ATTESTATION', 'OF'],
          detail.attachments.map((one) => [one.predicateType, one.subject.slice(0, 19)]),
        ),
        `check it  ${detail.verify}`,
        '',
      ].join('\n'),
    );
    return 0;
  },
};

/** What is said of an image as it is tagged now. Throws `USAGE`, `OCI_REFERENCE_INVALID` and `IMAGE_NOT_FOUND`. */
async function detailOf(config: Config, text: string): Promise<ImageDetail> {
  const { repository, tag, digest } = parseOwnName(config, text);
  const hint = `kiln image ls lists the images of the catalogs; of other images and versions: kiln image packages ${text}`;
  const absent = (): KilnError =>
    new KilnError('IMAGE_NOT_FOUND', `no image of a catalog is at ${shorten(text, 200)} now`, {
      hint,
    });
  try {
    const detail = await connectClient(config).call<ImageDetail>(
      'GET',
      `/api/images/${encodeURIComponent(repository)}`,
    );
    const isThis = digest === undefined || digest === detail.digest || digest === detail.manifest;
    if (isThis && (tag === undefined || detail.tags.includes(tag))) return detail;
  } catch (error) {
    if (error instanceof KilnError && error.code === 'API_NOT_FOUND') throw absent();
    throw error;
  }
  throw absent();
}
