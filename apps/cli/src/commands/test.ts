import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from '../command.ts';
import { ensureBubblewrap } from '../host.ts';
import type { TestCounts } from '../test-counts.ts';
import { countTests } from '../test-counts.ts';
import type { UnitSelection } from '../unit-selection.ts';
import { selectUnitTests } from '../unit-selection.ts';

interface Step {
  readonly name: string;
  /** A program of `node_modules/.bin` and its arguments. */
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where vitest writes how its tests ended; other steps count as one test each. */
  readonly report?: string;
  /** Called when it has passed. */
  readonly passed?: () => void;
}

/** A vitest project; its tests are counted. */
function vitest(
  project: string,
  folder: string,
  words: readonly string[],
): Pick<Step, 'argv' | 'report'> {
  const report = path.join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return { argv: ['vitest', ...words, '--project', project, ...reporters], report };
}

/** With declarations written out the incremental check misses nothing; nobody reads them. */
const declarations = 'node_modules/.cache/tsc/declarations';

/**
 * Rules that need types take as long as all unit tests: in a hurry they see only what is not committed yet, and the tests
 * before a merge show them everything.
 */
function lint(root: string, fast: boolean): readonly Step[] {
  if (!fast) return [{ name: 'lint', argv: ['oxlint', '--type-aware'] }];
  const changed = uncommitted(root).filter((file) => /\.tsx?$/.test(file));
  return [
    { name: 'lint', argv: ['oxlint'] },
    ...(changed.length === 0
      ? []
      : [{ name: 'lint with types', argv: ['oxlint', '--type-aware', ...changed] }]),
  ];
}

function uncommitted(root: string): readonly string[] {
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', root, ...words], { encoding: 'utf8' });
  const listed = [
    git('diff', '--name-only', '--diff-filter=d', '-z', 'HEAD'),
    git('ls-files', '--others', '--exclude-standard', '-z'),
  ];
  return listed.flatMap((text) => text.split('\0')).filter((file) => file !== '');
}

/** Together they keep two cores busy; the longest begins first. */
const quickSteps = (
  root: string,
  folder: string,
  { fast, unit }: { readonly fast: boolean; readonly unit: UnitSelection },
): readonly Step[] => [
  { name: 'unit', ...vitest('pure', folder, unit.argv), passed: unit.passed },
  ...lint(root, fast),
  {
    name: 'types',
    argv: `tsc -p tsconfig.json --noEmit false --emitDeclarationOnly --outDir ${declarations}`.split(
      ' ',
    ),
  },
  { name: 'types of the console', argv: ['tsc', '-p', 'apps/console/tsconfig.json'] },
  { name: 'format', argv: ['oxfmt', '--check', '.'] },
];

function start(root: string, step: Step, stdio: 'inherit' | 'pipe'): ChildProcess {
  const [program = '', ...words] = step.argv;
  const script = path.join(root, 'node_modules', '.bin', program);
  return spawn(process.execPath, [script, ...words], {
    cwd: root,
    stdio: stdio === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      ...step.environment,
    },
  });
}

async function passes(child: ChildProcess): Promise<boolean> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0;
}

/** Runs a step beside others: what it printed is shown when it failed. */
async function runBeside(
  root: string,
  step: Step,
  talk: (text: string) => void,
): Promise<TestCounts> {
  const startedMs = performance.now();
  const child = start(root, step, 'pipe');
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const passed = await passes(child);
  if (passed) step.passed?.();
  else talk(Buffer.concat(chunks).toString('utf8'));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  talk(`kiln test: ${step.name} ${passed ? 'passed' : 'failed'} in ${seconds} s\n`);
  return countTests(step.report, passed);
}

/** The tests: the quick steps beside each other, then those that need the machine for themselves. */
export const test: Command = {
  name: 'test',
  summary:
    'Run the tests: format, lint, types, unit; then those with real processes, sandboxes, databases and clients.',
  wordsMax: 0,
  takesRest: true,
  usage: 'test [--fast | --full] [-- FILE...]',
  examples: ['kiln test --fast', 'kiln test', 'kiln test --full'],
  options: {
    fast: {
      type: 'boolean',
      help: 'format, lint, types and unit tests only; what passed and did not change since is not run again, and rules that need types see what is not committed yet',
    },
    full: { type: 'boolean', help: 'the whole starter catalog as well, built twice' },
  },
  async run({ config, flags, rest, print }) {
    const talk = (text: string): void => print.talk(text);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kiln-test-'));
    try {
      const fast = flags['fast'] === true;
      // What rewrites files reads them in tests that nothing else would run.
      const select = fast && process.env['KILN_UPDATE'] === undefined;
      const unit = selectUnitTests(config.root, select);
      if (unit.summary !== undefined) talk(`kiln test: ${unit.summary}\n`);
      const steps = quickSteps(config.root, folder, { fast, unit }).map((step) =>
        runBeside(config.root, step, talk),
      );
      const counts = await Promise.all(steps);
      if (!fast) {
        await ensureBubblewrap(talk);
        const full = flags['full'] === true;
        const world: Step = {
          name: full ? 'world, whole catalog' : 'world',
          ...vitest('world', folder, ['run', ...rest]),
          environment: full ? { KILN_TEST_FULL: '1' } : {},
        };
        talk(`kiln test: ${world.name}\n`);
        const passed = await passes(start(config.root, world, 'inherit'));
        counts.push(countTests(world.report, passed));
      }
      const sum = (of: (one: TestCounts) => number): number =>
        counts.reduce((total, one) => total + of(one), 0);
      const failed = sum((one) => one.failed);
      print.data(`${sum((one) => one.passed)} passed, ${failed} failed\n`);
      return failed === 0 ? 0 : 1;
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
};
