import type { Status } from '@kiln/server/schemas';
import { connectClient } from '../client.ts';
import type { Command } from '../command.ts';
import { jsonOption } from '../command.ts';
import { retentionLine } from '../retention-line.ts';

/** The status as text: where everything is, then the line, then what is wrong. */
export function describeStatus(status: Status): string {
  const lines = [
    `console   ${status.console}`,
    `registry  ${status.registry}`,
    `packages  ${status.packages}`,
    `key       ${status.key}`,
    `retention ${retentionLine(status.retention, Date.now())}`,
    '',
    `${status.converged ? 'converged' : 'working'}: ${status.keys.ready} of ${status.keys.total} keys ready` +
      `, ${status.keys.working} working, ${status.keys.waiting + status.keys.queued} waiting, ${status.keys.failed} failed`,
  ];
  for (const failed of status.failed) {
    lines.push('', `failed    ${failed.key}`, `          error[${failed.code}]: ${failed.message}`);
    if (failed.hint !== '') lines.push(`          hint: ${failed.hint}`);
    lines.push(`          log: kiln logs ${failed.key}`);
  }
  for (const problem of status.problems) {
    lines.push(
      '',
      `problem   ${problem.key === '' ? problem.catalog : problem.key}`,
      `          error[${problem.code}]: ${problem.message}`,
    );
    if (problem.hint !== '') lines.push(`          hint: ${problem.hint}`);
  }
  return `${lines.join('\n')}\n`;
}

export const status: Command = {
  name: 'status',
  summary:
    'Say where console, registry and packages are, what was removed last, and how far the catalog got.',
  wordsMax: 0,
  usage: 'status [--json]',
  examples: ['kiln status', 'kiln status --json | jq .converged'],
  options: jsonOption,
  async run({ config, flags, print }) {
    const answer = await connectClient(config).call<Status>('GET', '/api/status');
    print.data(
      flags['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : describeStatus(answer),
    );
    return 0;
  },
};
