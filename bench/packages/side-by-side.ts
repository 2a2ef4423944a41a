import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { median } from './median.ts';

/**
 * Runs two commands by turns and prints the ratio of their medians: `node bench/packages/side-by-side.ts --runs 9 --other melange
 * --own './kiln melange' -- ARGUMENTS`. Both get the same arguments, in the present folder; each runs once before it counts.
 */
const { values, positionals } = parseArgs({
  options: {
    own: { type: 'string', default: './kiln melange' },
    other: { type: 'string', default: 'melange' },
    runs: { type: 'string', default: '9' },
  },
  allowPositionals: true,
});

function secondsOf(command: string): number {
  const [program = '', ...words] = command.split(' ');
  const startedAt = performance.now();
  const { status, stderr, error } = spawnSync(program, [...words, ...positionals], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return (performance.now() - startedAt) / 1000;
}

const { own, other } = values;
secondsOf(own);
secondsOf(other);
const times: { own: number[]; other: number[] } = { own: [], other: [] };
for (let run = 0; run < Number(values.runs); run++) {
  times.own.push(secondsOf(own));
  times.other.push(secondsOf(other));
}
const row = { own: median(times.own), other: median(times.other) };
process.stdout.write(
  `${own}: ${row.own.toFixed(2)} s, ${other}: ${row.other.toFixed(2)} s, ratio ${(row.own / row.other).toFixed(2)} (medians of ${values.runs} runs by turns)\n`,
);
