import type { KeyDetail, QueueRow } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption, usage } from '../command.ts';
import { duration, table } from '../report.ts';

export const queueLs: Command = {
  name: 'queue ls',
  summary: 'List the keys of the work queue: running, queued and parked.',
  wordsMax: 0,
  usage: 'queue ls [--json]',
  examples: ['kiln queue ls', 'kiln queue ls --json | jq \'.[] | select(.state == "dead")\''],
  options: jsonOption,
  async run({ config, flags, print }) {
    const rows = await connectClient(config).call<QueueRow[]>('GET', '/api/queue');
    if (flags['json'] === true) print.data(`${JSON.stringify(rows, null, 2)}\n`);
    else if (rows.length === 0) print.talk('the queue is empty\n');
    else {
      print.data(
        table(
          ['KEY', 'STATE', 'ATTEMPTS', 'REASON', 'ERROR'],
          rows.map((row) => [
            row.key,
            row.state,
            String(row.attempts),
            row.reason,
            row.error.slice(0, 60),
          ]),
        ),
      );
    }
    return 0;
  },
};

export const queueShow: Command = {
  name: 'queue show',
  summary: 'Show a key: its state, what it waits for, and its attempts.',
  wordsMax: 1,
  usage: 'queue show KEY [--json]',
  examples: ['kiln queue show package:zlib@x86_64'],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const key = positionals[0];
    if (key === undefined) throw usage(queueShow, 'which key?');
    const detail = await connectClient(config).call<KeyDetail>(
      'GET',
      `/api/keys/${encodeURIComponent(key)}`,
    );
    if (flags['json'] === true) {
      print.data(`${JSON.stringify(detail, null, 2)}\n`);
      return 0;
    }
    const lines = [
      `key       ${detail.key}`,
      `status    ${detail.status}${detail.stage === '' ? '' : `: ${detail.stage}`}`,
    ];
    if (detail.waitingFor.length > 0) lines.push(`waits for ${detail.waitingFor.join(' ')}`);
    if (detail.error !== null)
      lines.push(
        `error     [${detail.error.code}] ${detail.error.message}`,
        `hint      ${detail.error.hint}`,
      );
    print.data(`${lines.join('\n')}\n\n`);
    print.data(
      table(
        ['STARTED', 'TOOK', 'OUTCOME', 'REASON'],
        detail.attempts.map((attempt) => [
          new Date(attempt.startedAt).toISOString(),
          attempt.finishedAt === null ? '' : duration(attempt.finishedAt - attempt.startedAt),
          attempt.outcome,
          attempt.reason,
        ]),
      ),
    );
    return 0;
  },
};

export const queueRetry: Command = {
  name: 'queue retry',
  summary: 'Run a parked key again; every parked key without a name.',
  usage: 'queue retry [KEY…]',
  examples: ['kiln queue retry', 'kiln queue retry package:openssl@x86_64'],
  options: jsonOption,
  async run({ config, positionals, flags, print }) {
    const { keys } = await connectClient(config).call<{ keys: string[] }>(
      'POST',
      '/api/queue/retry',
      { keys: positionals },
    );
    if (keys.length === 0) print.talk('no key was parked\n');
    print.data(
      flags['json'] === true
        ? `${JSON.stringify({ keys })}\n`
        : keys.map((key) => `${key}\n`).join(''),
    );
    return 0;
  },
};
