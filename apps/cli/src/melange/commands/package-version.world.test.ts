import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ranMelange, type RanMelange } from '../testing.ts';

const recipes = fileURLToPath(new URL('../../../../../formats/recipe/testdata', import.meta.url));

const packageVersion = (file: string): Promise<RanMelange> => ranMelange(['package-version', file]);

/** Each with what `melange compile` printed for it. */
const cases = fs
  .readdirSync(recipes)
  .filter((name) => fs.existsSync(path.join(recipes, name, 'compile.json')))
  .map((name) => {
    const text = fs.readFileSync(path.join(recipes, name, 'compile.json'), 'utf8');
    const compiled = JSON.parse(text) as { package: Record<'name' | 'version' | 'epoch', string> };
    return { name, compiled: compiled.package };
  });

describe('package-version', () => {
  test.each(cases)('of $name is what melange compiles', async ({ name, compiled }) => {
    expect(await packageVersion(path.join(recipes, name, 'recipe.yaml'))).toEqual({
      code: 0,
      out: `${compiled.name}-${compiled.version}-r${compiled.epoch}`,
      talk: '',
    });
  });

  test('of no recipe names the file, or the place in it', async () => {
    expect(await packageVersion(path.join(recipes, 'none'))).toMatchObject({
      code: 1,
      out: '',
      talk: expect.stringMatching(/^ERRO there is no file ".*none"\n/),
    });
    expect(await packageVersion(recipes)).toMatchObject({
      code: 1,
      talk: expect.stringMatching(/^ERRO ".*" is a folder\n/),
    });
    expect(await packageVersion(path.join(recipes, 'all-keys/compile.json'))).toMatchObject({
      code: 1,
      talk: expect.stringMatching(/^ERRO .*compile\.json:1:\d+: /),
    });
  });
});
