import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Command } from '../command.ts';
import { ensureBubblewrap } from '../host.ts';

interface Step {
  readonly name: string;
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const bin = (root: string, name: string): string => path.join(root, 'node_modules', '.bin', name);

function fastSteps(root: string): Step[] {
  return [
    { name: 'format', argv: [bin(root, 'oxfmt'), '--check', '.'] },
    { name: 'lint', argv: [bin(root, 'oxlint'), '--type-aware'] },
    { name: 'types', argv: [bin(root, 'tsc'), '-p', 'tsconfig.json'] },
    { name: 'unit', argv: [bin(root, 'vitest'), 'run', '--project', 'pure'] },
  ];
}

/** The tests, in the order in which a failure is cheapest to learn. */
export const test: Command = {
  name: 'test',
  summary:
    'Run the tests: format, lint, types, unit; then those with real processes, sandboxes, databases and clients.',
  usage: 'test [--fast | --full]',
  examples: ['kiln test --fast', 'kiln test', 'kiln test --full'],
  options: {
    fast: { type: 'boolean', help: 'format, lint, types and unit tests only' },
    full: { type: 'boolean', help: 'the whole starter catalog as well' },
  },
  async run({ config, flags, rest, print }) {
    const steps = fastSteps(config.root);
    if (flags['fast'] !== true) {
      ensureBubblewrap(print.talk);
      steps.push({
        name: flags['full'] === true ? 'world, whole catalog' : 'world',
        argv: [bin(config.root, 'vitest'), 'run', '--project', 'world', ...rest],
        environment: flags['full'] === true ? { KILN_TEST_FULL: '1' } : {},
      });
    }
    const failed: string[] = [];
    for (const step of steps) {
      print.talk(`kiln test: ${step.name}\n`);
      const [program = '', ...words] = step.argv;
      const result = spawnSync(process.execPath, [program, ...words], {
        cwd: config.root,
        stdio: 'inherit',
        env: {
          ...process.env,
          PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
          ...step.environment,
        },
      });
      if (result.status !== 0) failed.push(step.name);
    }
    for (const name of failed) print.talk(`kiln test: ${name} failed\n`);
    print.data(`${steps.length - failed.length} passed, ${failed.length} failed\n`);
    return failed.length === 0 ? 0 : 1;
  },
};
