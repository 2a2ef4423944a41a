import { spawnSync } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readIndex } from '@kiln/apk';
import type { PackedIndex } from '@kiln/apk';
import { compareBytes, digestOf } from '@kiln/base';
import { LockMemo } from '@kiln/factory';
import type { BuiltPackage, LockInputs, SolvedLock } from '@kiln/factory';
import { prepareIndexes, solve } from '@kiln/solve';
import { median } from '../packages/median.ts';

/**
 * Measures the solver on an index of real size: `node bench/images/solver.ts --data DIR [--other apko]`. The folder has
 * `repo/x86_64/APKINDEX.tar.gz`, the key `repo/NAME.rsa.pub`, and `worlds.jsonl`, a world a line with what `solved` it.
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    key: { type: 'string', default: 'parity.rsa.pub' },
    own: { type: 'string', default: './kiln apko' },
    other: { type: 'string' },
    runs: { type: 'string', default: '9' },
  },
});
const runs = Number(values.runs);
const data = resolve(values.data ?? '.');
const keyFile = join(data, 'repo', values.key);
const bytes = readFileSync(join(data, 'repo/x86_64/APKINDEX.tar.gz'));
const keys = new Map([[values.key, readFileSync(keyFile, 'utf8')]]);
const recorded = readFileSync(join(data, 'worlds.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map(
    (line) =>
      JSON.parse(line) as {
        readonly world: readonly string[];
        readonly solved?: readonly string[];
      },
  );
const worlds = recorded.map(({ world }) => world);
const solvable = recorded.flatMap(({ world, solved }) => (solved === undefined ? [] : [world]));
const largeFrom = 38;

/** Wall and processor time of this thread, in milliseconds. */
interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function timed<T>(act: () => T | Promise<T>): Promise<Times & { readonly result: T }> {
  const cpu = process.threadCpuUsage();
  const startedAt = performance.now();
  const result = await act();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.threadCpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, result };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = (of: readonly Times[], digits: number): string =>
  `${median(of.map((one) => one.wallMs)).toFixed(digits)} ms, ${median(of.map((one) => one.cpuMs)).toFixed(digits)} ms of processor time`;

const read = (): Promise<{ readonly records: PackedIndex }> =>
  readIndex(bytes, { keys, sha1: 'accept' });
const prepare = (records: PackedIndex): ReturnType<typeof prepareIndexes> =>
  prepareIndexes([{ repository: 'repo', tag: '', records }], 'apko');

const found: { reads: Times[]; prepares: Times[]; all: Times[]; large: Times[] } = {
  reads: [],
  prepares: [],
  all: [],
  large: [],
};
let count = 0;
for (let run = 0; run < runs; run += 1) {
  const index = await timed(read);
  const { records } = index.result;
  count = records.length;
  const prepared = await timed(() => prepare(records));
  found.reads.push(index);
  found.prepares.push(prepared);
  const large: Times[] = [];
  const all = await timed(async () => {
    for (const world of worlds) {
      const sorted = world.toSorted(compareBytes);
      if (world.length < largeFrom) solve(prepared.result, sorted);
      else large.push(await timed(() => solve(prepared.result, sorted)));
    }
  });
  found.all.push(all);
  found.large.push(...large);
}
say(
  `method: an index of ${count} records, signed, read ${runs} times in one process, and ${worlds.length} worlds solved against it each time; medians`,
);
say(
  `index verified and parsed: ${shown(found.reads, 1)}; the first time ${found.reads[0]?.wallMs.toFixed(1)} ms, ${found.reads[0]?.cpuMs.toFixed(1)} ms of processor time`,
);
say(`prepared: ${shown(found.prepares, 2)}`);
say(`a world of ${largeFrom} names or more: ${shown(found.large, 1)}`);
say(
  `all worlds: ${shown(found.all, 0)}; the first time ${found.all[0]?.wallMs.toFixed(0)} ms, ${found.all[0]?.cpuMs.toFixed(0)} ms of processor time`,
);
await measureMemo((await read()).records);
measureShell();

/** A lock of a factory: a world of 40 names, and 300 package files that it depends on. */
async function measureMemo(records: PackedIndex): Promise<void> {
  const packages: BuiltPackage[] = Array.from({ length: 300 }, (_, at) => {
    const record = records.record(at);
    const file = `${record.name}-${record.version}.apk`;
    return { file, apk: digestOf(file), record };
  });
  const world = worlds.find((one) => one.length >= largeFrom) ?? [];
  const inputs: LockInputs = { use: 'image', generations: [], packages, world };
  const answer: SolvedLock = {
    kind: 'locked',
    packages: packages.map(({ record, apk }) => ({ record, apk, repository: 'repo' })),
  };
  const memo = new LockMemo();
  const asked = 2000;
  const askAll = async (): Promise<void> => {
    for (let at = 0; at < asked; at += 1) await memo.lock(inputs, async () => answer);
  };
  await askAll();
  const { wallMs, cpuMs } = await timed(askAll);
  say(
    `by memo: ${(wallMs / asked).toFixed(3)} ms, ${(cpuMs / asked).toFixed(3)} ms of processor time; ${memo.counts.solves} of ${2 * asked} were solved (${packages.length} package files in the question, and ${world.length} names)`,
  );
}

/** Seconds of a whole process, its children's included. */
interface ProcessTimes {
  readonly wall: number;
  readonly cpu: number;
}

/** User and system time of all children that ended: fields 16 and 17 of proc(5)'s `stat`, in ticks of 10 ms. */
function childrenSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function runOnce(command: string, words: readonly string[]): ProcessTimes {
  const [program = '', ...first] = command.split(' ');
  const before = childrenSeconds();
  const startedAt = performance.now();
  const { status, stderr, error } = spawnSync(program, [...first, ...words], { encoding: 'utf8' });
  const wall = (performance.now() - startedAt) / 1000;
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return { wall, cpu: childrenSeconds() - before };
}

/** Worlds from the shell: each process reads, verifies and parses the index itself. */
function measureShell(): void {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-solver-'));
  try {
    const files = solvable.slice(0, runs).map((packages, at) => {
      const file = join(folder, `${at}.yaml`);
      // JSON is YAML.
      const contents = { keyring: [keyFile], repositories: [join(data, 'repo')], packages };
      writeFileSync(file, JSON.stringify({ contents, archs: ['x86_64'] }));
      return file;
    });
    const times = { own: [] as ProcessTimes[], other: [] as ProcessTimes[] };
    const words = ['--arch', 'x86_64', '--format', 'name=version'];
    runOnce(values.own, ['show-packages', files[0] ?? '', ...words]);
    for (const file of files) {
      times.own.push(runOnce(values.own, ['show-packages', file, ...words]));
      if (values.other !== undefined)
        times.other.push(runOnce(values.other, ['show-packages', file, ...words]));
    }
    const middle = (of: readonly ProcessTimes[], what: keyof ProcessTimes): number =>
      median(of.map((one) => one[what]));
    say(
      `method: \`show-packages\` of ${files.length} of the worlds that can be solved, a process each, by turns; medians`,
    );
    const line = (name: string, of: readonly ProcessTimes[]): string =>
      `${name}: ${middle(of, 'wall').toFixed(3)} s, ${middle(of, 'cpu').toFixed(3)} s of processor time`;
    say(line(values.own, times.own));
    if (values.other === undefined) return;
    say(line(values.other, times.other));
    const ratio = (what: keyof ProcessTimes): string =>
      (middle(times.own, what) / middle(times.other, what)).toFixed(2);
    say(`ratio ${ratio('wall')}, ${ratio('cpu')} of processor time`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
