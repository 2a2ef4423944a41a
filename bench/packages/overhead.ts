import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './median.ts';

/**
 * Compares what two builders need beside the steps: `node bench/packages/overhead.ts --repository FOLDER --key FILE --other melange
 * --own './kiln melange'`. A recipe with one step that compiles a program is built by turns in an environment with a compiler;
 * overhead is the wall time less the time between the step's first and last command. Cold: home and caches are new in every run.
 * Known: they are those of the run before.
 */
const { values } = parseArgs({
  options: {
    own: { type: 'string', default: './kiln melange' },
    other: { type: 'string', default: 'melange' },
    repository: { type: 'string' },
    key: { type: 'string' },
    runs: { type: 'string', default: '5' },
    packages: { type: 'string', default: 'build-base,busybox' },
  },
});
const { repository, key, own, other } = values;
if (repository === undefined || key === undefined)
  throw new Error('--repository and --key are needed: see kiln seed export');

const folder = mkdtempSync(join(tmpdir(), 'kiln-overhead-'));
const recipe = join(folder, 'hello.yaml');
writeFileSync(
  recipe,
  `package:
  name: hello
  version: 1.0.0
  epoch: 0
  description: says hello
  copyright:
    - license: Apache-2.0
environment:
  contents:
    packages: [${values.packages}]
pipeline:
  - runs: |
      echo "step-time $(date +%s%N)"
      mkdir -p "\${{targets.destdir}}/usr/bin"
      printf '#include <stdio.h>\\nint main(void) { return puts("hello") < 0; }\\n' > hello.c
      cc -O2 -o "\${{targets.destdir}}/usr/bin/hello" hello.c
      echo "step-time $(date +%s%N)"
`,
);

/** Seconds beside the step of one build. */
function overheadOf(command: string, home: string): number {
  const [named = '', ...words] = command.split(' ');
  // It runs in another folder.
  const program = named.includes('/') ? resolve(named) : named;
  mkdirSync(home, { recursive: true });
  const flags = ['--runner', 'bubblewrap', '--arch', 'x86_64', '--empty-workspace'];
  const places = ['--out-dir', join(home, 'out'), '--apk-cache-dir', join(home, 'apk-cache')];
  const trust = [
    '--repository-append',
    resolve(repository ?? ''),
    '--keyring-append',
    resolve(key ?? ''),
  ];
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(
    program,
    [...words, 'build', recipe, ...flags, ...places, ...trust],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      cwd: home,
      env: { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), TMPDIR: home },
    },
  );
  const wallSeconds = (performance.now() - startedAt) / 1000;
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  const [begin, end] = [...`${stdout}${stderr}`.matchAll(/(?<!echo ".*)step-time (\d{19})/g)].map(
    ([, nanoseconds]) => Number(nanoseconds) / 1e9,
  );
  if (begin === undefined || end === undefined)
    throw new Error(`no times of the step in: ${stderr}`);
  return wallSeconds - (end - begin);
}

function compare(what: string, homeOf: (who: string, run: number) => string): void {
  const [ownTimes, otherTimes]: [number[], number[]] = [[], []];
  for (let run = 0; run < Number(values.runs); run++) {
    ownTimes.push(overheadOf(own, homeOf('own', run)));
    otherTimes.push(overheadOf(other, homeOf('other', run)));
  }
  const [a, b] = [median(ownTimes), median(otherTimes)];
  process.stdout.write(
    `${what}: ${own} ${a.toFixed(2)} s, ${other} ${b.toFixed(2)} s, ratio ${(a / b).toFixed(2)} (medians of ${values.runs} runs by turns)\n`,
  );
}

try {
  compare('cold', (who, run) => join(folder, `${who}-${run}`));
  compare('known', (who) => join(folder, `${who}-0`));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
