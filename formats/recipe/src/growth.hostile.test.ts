import { KilnError } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { compileRecipe } from './compile.ts';
import { parsePipelineDefinition } from './decode.ts';
import { parseRecipe } from './parse.ts';
import type { RecipeDialect } from './recipe.ts';

const dialects: readonly RecipeDialect[] = ['kiln', 'melange'];
const head = 'package: {name: a, version: "1", epoch: 0}\n';

interface Recipe {
  readonly text: string;
  readonly pipelines?: Readonly<Record<string, string>>;
  readonly dialect: RecipeDialect;
}

function refusal({ text, pipelines = {}, dialect }: Recipe): string {
  const definitions = Object.entries(pipelines).map(
    ([name, one]) => [name, parsePipelineDefinition(one, { file: name })] as const,
  );
  const known = new Map(definitions);
  try {
    const recipe = parseRecipe(head + text, { file: 'r.yaml', dialect });
    compileRecipe({ recipe, arch: 'x86_64', pipelines: (name) => known.get(name) });
  } catch (error) {
    if (error instanceof KilnError) return `${error.code} ${error.message}`;
    throw error;
  }
  return '';
}

function chain(length: number, line: (index: number) => string): string {
  return Array.from({ length }, (_, index) => line(index)).join('');
}

describe.each(dialects)('a recipe of dialect %s', (dialect) => {
  test('cannot double a text with each var', () => {
    const double = chain(60, (i) =>
      `  v${i}: "${i === 0 ? 'x' : '${{vars.vN}}'.repeat(2)}"\n`.replaceAll('vN', `v${i - 1}`),
    );
    const text = `vars:\n${double}pipeline: [{runs: "true"}]\n`;
    expect(refusal({ text, dialect })).toMatch(/^RECIPE_TOO_LARGE r\.yaml:\d+:\d+: vars\.v20 /);
  });

  test('cannot name a long var without end', () => {
    const names = '${{vars.v}} '.repeat(10_000);
    const text = `vars: {v: ${'x'.repeat(100_000)}}\npipeline: [{runs: "${names}"}]\n`;
    expect(refusal({ text, dialect })).toMatch(/^RECIPE_TOO_LARGE r\.yaml:\d+:\d+: /);
    const steps = '{runs: "${{vars.v}}"}, '.repeat(2000);
    const many = `vars: {v: ${'x'.repeat(100_000)}}\npipeline: [${steps}]\n`;
    expect(refusal({ text: many, dialect })).toMatch(
      /^RECIPE_TOO_LARGE r\.yaml:\d+:\d+: the recipe /,
    );
  });

  test('cannot multiply ranges by ranges', () => {
    const items = chain(3000, (i) => `k${i}: v, `);
    const ranges = chain(1000, (i) => `  - {range: d, name: "s${i}-$\{{range.key}}"}\n`);
    const text = `data: [{name: d, items: {${items}}}]\npipeline: [{runs: x}]\nsubpackages:\n${ranges}`;
    expect(refusal({ text, dialect })).toMatch(/^RECIPE_TOO_LARGE r\.yaml:\d+:\d+: /);
  });

  test('cannot multiply pipelines by pipelines', () => {
    const pipelines = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [
        `p${i}`,
        `pipeline: [${i < 9 ? `{uses: p${i + 1}}, `.repeat(6) : '{runs: "true"}'}]`,
      ]),
    );
    expect(refusal({ text: 'pipeline: [{uses: p0}]', pipelines, dialect })).toMatch(
      /^RECIPE_TOO_LARGE p\d:1:\d+: the recipe /,
    );
  });

  test('cannot double an input with each pipeline', () => {
    const double = '{a: "${{inputs.a}}${{inputs.a}}"}';
    const pipelines = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `p${i}`,
        `inputs: {a: {default: ""}}\npipeline: [${i < 29 ? `{uses: p${i + 1}, with: ${double}}` : '{runs: x}'}]`,
      ]),
    );
    const text = 'pipeline: [{uses: p0, with: {a: xxxxxxxx}}]';
    expect(refusal({ text, pipelines, dialect })).toMatch(/^RECIPE_TOO_LARGE /);
  });

  test('cannot let inputs name each other without end', () => {
    const inputs = chain(5000, (i) => `a${i}: {default: "$\{{inputs.a${i + 1}}}"}, `);
    const pipelines = { p: `inputs: {${inputs} a5000: {default: x}}\npipeline: [{runs: x}]` };
    expect(refusal({ text: 'pipeline: [{uses: p}]', pipelines, dialect })).toMatch(
      /^RECIPE_INPUT_INVALID .* too deeply$/,
    );
  });

  test('cannot let a var-transform work or write without end', () => {
    const transform = (long: number, rule: string): string =>
      `vars: {v: ${'a'.repeat(long)}}\nvar-transforms: [{from: "$\{{vars.v}}", ${rule}, to: w}]\npipeline: [{runs: x}]`;
    const slow = transform(30_000, 'match: "a*?[^a]|a", replace: b');
    expect(refusal({ text: slow, dialect })).toMatch(/^RECIPE_TOO_LARGE r\.yaml:3:\d+: /);
    const long = transform(100_000, `match: "(a+)", replace: "${'$1'.repeat(50_000)}"`);
    expect(refusal({ text: long, dialect })).toMatch(/^RECIPE_REGEX_INVALID r\.yaml:3:\d+: /);
  });

  test('is read in time whatever stands where a variable should', () => {
    const begun = `pipeline: [{runs: "${'${{'.repeat(200_000)}}}"}]`;
    expect(refusal({ text: begun, dialect })).toMatch(/^RECIPE_(INVALID|TOO_LARGE) /);
    const pipelines = { p: 'inputs: {a: {default: ""}}\npipeline: [{runs: x}]' };
    const blank = `pipeline: [{uses: p, with: {a: "$\{{${' '.repeat(200_000)}"}}]`;
    expect(refusal({ text: blank, pipelines, dialect })).toMatch(/^RECIPE_INVALID /);
  });
});

test('vars that name each other in a long chain are refused', () => {
  const vars = chain(5000, (i) => `  v${i}: "$\{{vars.v${i + 1}}}"\n`);
  const text = `vars:\n${vars}  v5000: x\npipeline: [{runs: x}]\n`;
  expect(refusal({ text, dialect: 'kiln' })).toMatch(/^RECIPE_INVALID .* too deeply$/);
});
