import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import {
  compileRecipe,
  parseRecipe,
  type CompiledStep,
  type PipelineDefinition,
} from '@kiln/recipe';
import { openShellPrinter } from '@kiln/shell-printer';
import { expect, test } from 'vitest';
import { definition, hostProgram } from './host-build.ts';

/** Every pipeline, with inputs that would break out of quotes, is a script that the shells can read. */

const names = readdirSync(new URL('../../catalog/pipelines/', import.meta.url), {
  recursive: true,
  encoding: 'utf8',
})
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort();

const printer = openShellPrinter();
const busybox = hostProgram('busybox');
const readers = [
  ['bash', '-n'],
  ['bash', '--posix', '-n'],
  ...(busybox === undefined ? [] : [[busybox, 'ash', '-n']]),
];

const text = `it's "$HOME" \`id\` $(id) \\ & ; | < > ( ) { } # * end`;
const words = `--a="b c" --d='e' $HOME $(echo 'f' "g") # h`;

/** A value for an input, by what its description says of the shell. */
function sample(name: string, description: string): string {
  const digits = { 'expected-sha256': 64, 'expected-sha512': 128, 'expected-commit': 40 }[name];
  if (digits !== undefined) return 'a'.repeat(digits);
  return /shell reads|double quotes of the shell/.test(description) ? words : text;
}

function recipeFor(uses: string, { step }: PipelineDefinition): string {
  const inputs = Object.entries(step.inputs).map(([name, input]) => [
    name,
    sample(name, input.description),
  ]);
  return JSON.stringify({
    package: { name: 'thing', version: '1' },
    subpackages: [{ name: 'thing-part', pipeline: [{ uses, with: Object.fromEntries(inputs) }] }],
  });
}

function scriptsOf(steps: readonly CompiledStep[]): readonly string[] {
  return steps
    .flatMap((step) => [step.runs, ...scriptsOf(step.pipeline)])
    .filter((one) => one !== '');
}

test('there are as many as the reference has', () => {
  expect(names).toHaveLength(51);
});

test.each(names)('%s', (uses) => {
  const found = definition(uses);
  if (found === undefined) throw new Error('no definition');
  for (const recipe of [recipeFor(uses, found), recipeFor(uses, withoutOptional(found))]) {
    const compiled = compileRecipe({
      recipe: parseRecipe(recipe, { file: 'r.yaml' }),
      arch: 'aarch64',
      pipelines: definition,
    });
    const scripts = compiled.subpackages.flatMap(({ pipeline }) => scriptsOf(pipeline));
    expect(scripts.length).toBeGreaterThan(0);
    // As written, and as commands print them before they run.
    for (const script of scripts.flatMap((one) => [one, printer.print(one)])) {
      for (const [program = '', ...rest] of readers) {
        execFileSync(program, rest, { input: script });
      }
    }
  }
});

function withoutOptional({ file, step }: PipelineDefinition): PipelineDefinition {
  const inputs = Object.entries(step.inputs).filter(
    ([name, input]) => input.required || name === 'expected-sha256',
  );
  return { file, step: { ...step, inputs: Object.fromEntries(inputs) } };
}
