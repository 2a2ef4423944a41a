import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compileRecipe } from './compile.ts';
import type { CompiledStep } from './compiled.ts';
import { parsePipelineDefinition, parseRecipe, type PipelineDefinition } from './parse.ts';

const testdata = new URL('../testdata/', import.meta.url);

interface ReferenceStep {
  readonly name?: string;
  readonly uses?: string;
  readonly with?: Record<string, string>;
  readonly if?: string;
  readonly runs?: string;
  readonly pipeline?: readonly ReferenceStep[];
  readonly 'working-directory'?: string;
  readonly environment?: Record<string, string>;
}

interface ReferenceCompile {
  readonly package: Record<string, unknown>;
  readonly environment: { contents: { packages: string[] }; environment: Record<string, string> };
  readonly pipeline?: readonly ReferenceStep[];
  readonly subpackages?: readonly (ReferenceStep & {
    name: string;
    dependencies: { runtime?: string[]; provides?: string[]; replaces?: string[] };
    description?: string;
  })[];
}

/** The reference prints scripts anew; this brings both sides to one spelling. */
function spelling(script: string): string {
  return script
    .replace(/> +/g, '>')
    .replace(/^#.*\n/gm, '')
    .trim();
}

function comparable(step: CompiledStep): ReferenceStep {
  return prune({
    name: step.name,
    uses: step.uses,
    with: { ...step.with },
    if: step.if.replaceAll('\\t', '\t'),
    runs: spelling(step.runs),
    pipeline: step.pipeline.map(comparable),
    'working-directory': step.workingDirectory,
    environment: { ...step.environment },
  });
}

function expected(step: ReferenceStep): ReferenceStep {
  return prune({
    name: step.name ?? '',
    uses: step.uses ?? '',
    with: step.with ?? {},
    if: (step.if ?? '').replaceAll('\\t', '\t'),
    runs: spelling(step.runs ?? ''),
    pipeline: (step.pipeline ?? []).map(expected),
    'working-directory': (step['working-directory'] ?? '').replace('<tmp>', '/tmp/'),
    environment: step.environment ?? {},
  });
}

function prune(step: ReferenceStep): ReferenceStep {
  return Object.fromEntries(
    Object.entries(step).filter(([, value]) => Object.keys(value as object | string).length > 0),
  );
}

function definitionsOf(folder: URL): (name: string) => PipelineDefinition | undefined {
  return (name) => {
    const file = new URL(`pipelines/${name}.yaml`, folder);
    return existsSync(file)
      ? parsePipelineDefinition(readFileSync(file, 'utf8'), { file: `${name}.yaml` })
      : undefined;
  };
}

const cases = readdirSync(testdata, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(cases.map(({ name }) => name))(
  'the recipe "%s" compiles as melange compiles it',
  (name) => {
    const folder = new URL(`${name}/`, testdata);
    const reference = JSON.parse(
      readFileSync(new URL('compile.json', folder), 'utf8'),
    ) as ReferenceCompile;
    const recipe = parseRecipe(readFileSync(new URL('recipe.yaml', folder), 'utf8'), {
      file: 'recipe.yaml',
    });
    const compiled = compileRecipe({ recipe, arch: 'x86_64', pipelines: definitionsOf(folder) });

    const steps = (reference.pipeline ?? [])
      .map(expected)
      .filter((step) => !step.if?.startsWith('"false"'));
    expect(compiled.pipeline.map(comparable)).toEqual(steps);
    expect(compiled.environment.packages).toEqual([
      ...new Set(reference.environment.contents.packages),
    ]);
    expect(compiled.environment.variables).toEqual(reference.environment.environment);
    expect(compiled.package.description).toBe(reference.package['description']);
    expect(
      compiled.subpackages.map((sub) => [
        sub.name,
        sub.description,
        sub.if,
        sub.pipeline.map(comparable),
      ]),
    ).toEqual(
      (reference.subpackages ?? []).map((sub) => [
        sub.name,
        sub.description ?? '',
        sub.if ?? '',
        (sub.pipeline ?? []).map(expected),
      ]),
    );
    expect(
      compiled.subpackages.map(({ dependencies: { runtime, provides, replaces } }) => [
        runtime,
        provides,
        replaces,
      ]),
    ).toEqual(
      (reference.subpackages ?? []).map(({ dependencies: d }) => [
        d.runtime ?? [],
        d.provides ?? [],
        d.replaces ?? [],
      ]),
    );
  },
);
