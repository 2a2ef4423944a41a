import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/base';
import type { GarbageStatus, SweepSummary, WhyKeptView } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Client } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { duration, size, table } from '../report.ts';

const pollMs = 300;

/** What of a sweep's kinds is what, in the order in which they go. */
const kinds: Readonly<Record<string, string>> = {
  result: 'results of actions that no key stands on',
  generation: 'old generations of package indexes',
  manifest: 'manifests that were never tagged',
  link: 'blobs that no manifest of their repository lists',
  components: 'package lists that no image has',
  attestation: 'statements about files that are gone',
  ledger: 'records for the signer',
  blob: 'blobs that nothing names',
};

export const gc: Command = {
  name: 'gc',
  summary:
    'Remove what nothing keeps: blobs, manifests that were never tagged, old results. What is tagged, or ever was, stays.',
  wordsMax: 0,
  usage: 'gc [--dry-run] [--json]',
  examples: [
    'kiln gc --dry-run',
    'kiln gc',
    "kiln gc --dry-run --json | jq '[.removed[].bytes] | add'",
  ],
  options: {
    ...jsonOption,
    'dry-run': { type: 'boolean', help: 'say what would be removed, and remove nothing' },
  },
  async run({ config, flags, print }) {
    const client = connectClient(config);
    const report = await sweep(client, flags['dry-run'] === true);
    if (flags['json'] === true) print.data(`${JSON.stringify(report, null, 2)}\n`);
    else print.data(describeSweep(report));
    return 0;
  },
};

/** Begins a sweep and waits for its end. Throws what it ended with. */
async function sweep(client: Client, dryRun: boolean): Promise<SweepSummary> {
  let status = await client.call<GarbageStatus>('POST', '/api/gc', { dryRun });
  while (status.running !== null) {
    await sleep(pollMs);
    status = await client.call<GarbageStatus>('GET', '/api/gc');
  }
  const { report = null, error = null } = status.outcome ?? {};
  if (report !== null) return report;
  const { code = 'INTERNAL', message = 'the sweep did not end', hint = '' } = error ?? {};
  throw new KilnError(code, message, {
    hint: hint === '' ? 'kiln logs server shows what the server says' : hint,
  });
}

function describeSweep({ dryRun, removed, kept, unread, ...times }: SweepSummary): string {
  const rows = Object.entries(kinds).flatMap(([kind, words]) =>
    removed
      .filter((one) => one.kind === kind)
      .map(({ count, bytes }) => [String(count), bytes === 0 ? '' : size(bytes), words]),
  );
  const what = dryRun ? 'would be removed' : 'removed';
  const took = duration(times.finishedAt - times.startedAt);
  return [
    rows.length === 0
      ? `nothing ${dryRun ? 'would be' : 'was'} removed\n`
      : table(['COUNT', 'SIZE', what.toUpperCase()], rows),
    `${kept} blobs are kept; it took ${took}\n`,
    ...unread.map((name) => `left alone, because a manifest cannot be read: ${name}\n`),
  ].join('');
}

export const gcStatus: Command = {
  name: 'gc status',
  summary:
    'Say when what nothing keeps was removed last, when it will be next, and how long things stay.',
  wordsMax: 0,
  usage: 'gc status [--json]',
  examples: ['kiln gc status', 'kiln gc status --json | jq .last.removed'],
  options: jsonOption,
  async run({ config, flags, print }) {
    const status = await connectClient(config).call<GarbageStatus>('GET', '/api/gc');
    if (flags['json'] === true) print.data(`${JSON.stringify(status, null, 2)}\n`);
    else print.data(describeStatus(status));
    return 0;
  },
};

const day = 24 * 60 * 60 * 1000;

function age(ms: number | null, otherwise: string): string {
  if (ms === null) return otherwise;
  return ms % day === 0 ? `${ms / day} d` : `${ms / (day / 24)} h`;
}

function describeStatus({ running, last, nextAt, policy }: GarbageStatus): string {
  const time = (ms: number): string => new Date(ms).toISOString();
  return [
    running === null ? '' : `running since ${time(running.startedAt)}\n`,
    `last      ${last === null ? 'never' : time(last.finishedAt)}\n`,
    `next      ${nextAt === null ? 'when somebody asks' : nextAt <= Date.now() ? 'soon' : time(nextAt)}\n`,
    '\n',
    table(
      ['KEPT FOR', 'SINCE ITS LAST USE'],
      [
        [age(policy.untaggedMs, ''), 'a manifest that was never tagged'],
        [age(policy.resultsMs, ''), 'a result that no key stands on'],
        [age(policy.generationsMs, 'ever'), 'a generation of a package index, but the newest ten'],
        [age(policy.blobsMs, ''), 'a blob that nothing names'],
      ],
    ),
    ...(last === null ? [] : ['\n', describeSweep(last)]),
  ].join('');
}

export const gcWhy: Command = {
  name: 'gc why',
  summary: 'Say what keeps a digest: the tags, results or indexes that lead to it.',
  wordsMax: 1,
  usage: 'gc why DIGEST [--json]',
  examples: [
    "kiln gc why $(kiln image show nginx --json | jq -r '.layers[0].digest')",
    'kiln gc why sha256:… --json | jq .collectable',
  ],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const digest = positionals[0];
    if (digest === undefined) throw usage(gcWhy, 'which digest?');
    const why = await connectClient(config).call<WhyKeptView>(
      'GET',
      `/api/gc/why/${encodeURIComponent(digest)}`,
    );
    if (flags['json'] === true) print.data(`${JSON.stringify(why, null, 2)}\n`);
    else print.data(describeWhy(why));
    return 0;
  },
};

/** What `gc why` prints. */
export function describeWhy({ digest, sizeBytes, because, collectable }: WhyKeptView): string {
  const bytes = sizeBytes === null ? 'there are no such bytes' : size(sizeBytes);
  return [
    `${digest}, ${bytes}\n`,
    ...because.map((line) => `${line}\n`),
    collectable ? 'nothing keeps it: it goes once nobody used it for long enough\n' : '',
    sizeBytes === null && because.length === 0 && !collectable ? 'nothing names it\n' : '',
  ].join('');
}
