import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { decodeYaml, text } from '@kiln/yaml';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Architecture } from './architecture.ts';
import { compileRecipe, type CompileOptions } from './compile.ts';
import { parsePipelineDefinition } from './decode.ts';
import { printCompiled } from './document.ts';
import { parseEnvFile } from './env-file.ts';
import { parseRecipe } from './parse.ts';

const testdata = new URL('../testdata/', import.meta.url);

interface Arguments {
  arch: Architecture;
  libc: 'gnu' | 'musl';
  environmentFiles: Readonly<Record<string, string>>[];
  varsFile: Readonly<Record<string, string>>;
  buildOptions: string[];
}

function argumentsOf(folder: URL): Arguments {
  const found: Arguments = {
    arch: 'x86_64',
    libc: 'gnu',
    environmentFiles: [],
    varsFile: {},
    buildOptions: [],
  };
  const file = new URL('args', folder);
  const words = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  for (const [index, word] of words.entries()) {
    const next = words[index + 1] ?? '';
    if (word.startsWith('arch=')) found.arch = word.slice('arch='.length) as Architecture;
    if (word.endsWith('-flavor')) found.libc = next as 'musl';
    if (word === '--env-file') found.environmentFiles.push(parseEnvFile(read(next), next));
    if (word === '--build-option') found.buildOptions.push(next);
    if (word === '--vars-file')
      found.varsFile = decodeYaml(read(next), { file: next, schema: z.record(z.string(), text()) });
  }
  return found;
}

function pipelinesOf(folder: URL): CompileOptions['pipelines'] {
  return (name) => {
    const file = new URL(`pipelines/${name}.yaml`, folder);
    return existsSync(file)
      ? parsePipelineDefinition(readFileSync(file, 'utf8'), { file: `${name}.yaml` })
      : undefined;
  };
}

/** Scripts aside: melange prints them anew, which the adapter for it is tested on. */
function withoutScripts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutScripts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, member]) => name !== 'runs' || typeof member !== 'string')
      .map(([name, member]) => [name, withoutScripts(member)]),
  );
}

const cases = readdirSync(testdata, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(cases.map(({ name }) => name))(
  'the recipe "%s" compiles as melange compiles it',
  (name) => {
    const folder = new URL(`${name}/`, testdata);
    // The set's paths of scratch folders were cut.
    const printed = readFileSync(new URL('compile.json', folder), 'utf8').replaceAll(
      '<tmp>',
      '/tmp/',
    );
    const { arch, libc, ...options } = argumentsOf(folder);
    const recipe = parseRecipe(readFileSync(new URL('recipe.yaml', folder), 'utf8'), {
      file: 'recipe.yaml',
      dialect: 'melange',
      commit: '0123456789abcdef0123456789abcdef01234567',
      ...options,
    });
    const compiled = compileRecipe({ recipe, arch, libc, pipelines: pipelinesOf(folder) });
    // A case whose flags `compile` does not know has no output.
    if (printed === '') return;
    expect(withoutScripts(JSON.parse(printCompiled(compiled)))).toEqual(
      withoutScripts(JSON.parse(printed)),
    );
  },
);
