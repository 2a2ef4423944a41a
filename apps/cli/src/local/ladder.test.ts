import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compileRecipe, parsePipelineDefinition, parseRecipe } from '@kiln/recipe';
import { addToSeed, parseSeed, parseSeedAddition } from '@kiln/seed';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../../..');
const readText = (file: string): string => readFileSync(join(root, file), 'utf8');
const folder = 'catalog/ladder/recipes';
const files = readdirSync(`${root}/${folder}`).filter((file) => file.endsWith('.yaml'));

const recipeOf = (file: string): ReturnType<typeof parseRecipe> =>
  parseRecipe(readText(`${folder}/${file}`), { file });

function pipelineOf(name: string): ReturnType<typeof parsePipelineDefinition> | undefined {
  const file = `catalog/pipelines/${name}.yaml`;
  return existsSync(`${root}/${file}`)
    ? parsePipelineDefinition(readText(file), { file })
    : undefined;
}

describe('the recipes of the ladder', () => {
  test('are at least as many as the ladder has rungs', () => {
    expect(files.length).toBeGreaterThanOrEqual(25);
  });

  test.each(files)('%s compiles, is called after its package, and pins what it fetches', (file) => {
    const recipe = recipeOf(file);
    const compiled = compileRecipe({ recipe, arch: 'x86_64', pipelines: pipelineOf });
    expect(`${compiled.package.name}.yaml`).toBe(file);
    expect(compiled.sources.length).toBeGreaterThan(0);
    for (const source of compiled.sources)
      expect(source).toMatchObject({ digest: { algorithm: 'sha256' } });
    expect(compiled.test).toBeDefined();
  });

  test('use what the language has', () => {
    const texts = files.map((file) => readText(`${folder}/${file}`)).join('\n');
    for (const key of [
      'range:',
      'scriptlets:',
      'trigger:',
      'accounts:',
      'setcap:',
      'var-transforms:',
      'series:',
      'patches:',
      'provider-priority:',
      'uses: go/build',
      'uses: perl/make',
      'python3 -m build',
      'uses: ruby/install',
    ])
      expect(texts).toContain(key);
  });

  test('find in the seed what no recipe of ours gives', () => {
    const file = 'catalog/ladder/seed.yaml';
    const seed = addToSeed(parseSeed(readText('catalog/seed.yaml'), 'seed.yaml'), [
      parseSeedAddition(readText(file), file),
    ]);
    const given = new Set([...seed.roots, ...Object.keys(seed.aliases)]);
    for (const place of [folder, 'catalog/recipes'])
      for (const one of readdirSync(`${root}/${place}`).filter((name) => name.endsWith('.yaml'))) {
        const recipe = parseRecipe(readText(`${place}/${one}`), { file: one });
        const { subpackages } = compileRecipe({ recipe, arch: 'x86_64', pipelines: pipelineOf });
        for (const name of [recipe.package.name, ...subpackages.map((sub) => sub.name)])
          given.add(name);
      }
    const wanted = files.flatMap(
      (one) =>
        compileRecipe({ recipe: recipeOf(one), arch: 'x86_64', pipelines: pipelineOf }).environment
          .contents.packages,
    );
    expect([...new Set(wanted)].filter((name) => !given.has(name))).toEqual([]);
  });
});
