import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { packageQuery } from '../commands/package-query.ts';
import { parseInvocation } from '../command.ts';
import { readConfig } from '../config.ts';
import { ranMelange } from '../melange/testing.ts';

const testdata = fileURLToPath(new URL('../../testdata', import.meta.url));
const recipes = fileURLToPath(new URL('../../../../formats/recipe/testdata', import.meta.url));
const everything = fs.readFileSync(path.join(testdata, 'query.tmpl'), 'utf8');
const recipe = (name: string): string => path.join(recipes, name, 'recipe.yaml');

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly talk: string;
}

const melangeQuery = (...words: readonly string[]): Promise<Ran> => ranMelange(['query', ...words]);

describe('kiln melange query', () => {
  const rows = fs
    .readFileSync(path.join(testdata, 'query.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly recipe: string; readonly output: string });

  test.each(rows)('says of $recipe what melange says', async ({ recipe: name, output }) => {
    const ran = await melangeQuery(recipe(name), everything);
    expect(ran).toEqual({ code: 0, out: output, talk: '' });
  });

  test('names what is wrong with a template, and prints nothing', async () => {
    expect(await melangeQuery(recipe('empty'), 'a {{.Package.Nam}}')).toEqual({
      code: 1,
      out: '',
      talk: expect.stringMatching(
        /^ERRO template:1:5: no field \.Nam\n  hint: the fields are Name, Version, /,
      ) as string,
    });
    expect(await melangeQuery(recipe('empty'), '{{define "x"}}')).toMatchObject({
      code: 1,
      talk: expect.stringContaining('{{define}} is not supported') as string,
    });
    expect(await melangeQuery(recipe('empty'))).toMatchObject({
      code: 1,
      talk: 'ERRO requires at least 2 arg(s), only received 1\n',
    });
  });
});

describe('a part of a recipe', () => {
  interface Part {
    readonly recipe: string;
    readonly template: string;
    readonly output: string;
    readonly error?: string;
  }
  const parts = fs
    .readFileSync(path.join(testdata, 'query-parts.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Part);
  const failing = parts.filter(({ error }) => error !== undefined);

  test.each(parts.filter((part) => !failing.includes(part)))(
    'of $recipe is what melange prints: $template',
    async ({ recipe: name, template, output }) => {
      expect(await melangeQuery(recipe(name), template)).toEqual({
        code: 0,
        out: output,
        talk: '',
      });
    },
  );

  test.each(failing)(
    'of $recipe that melange does not find: $template',
    async ({ recipe: name, template }) => {
      expect(await melangeQuery(recipe(name), template)).toMatchObject({ code: 1, out: '' });
    },
  );
});

describe('kiln package query', () => {
  async function packageQueryOf(...words: readonly string[]): Promise<string> {
    let out = '';
    const print = { data: (text: string) => void (out += text), talk: () => {} };
    const code = await packageQuery.run(
      parseInvocation(packageQuery, words, readConfig({}), print),
    );
    expect(code).toBe(0);
    return out;
  }

  test('answers for each recipe on a line of its own', async () => {
    const template = '{{.Package.Name}} {{.Package.Version}}';
    const names = ['empty', 'licences'].map(recipe);
    expect(await packageQueryOf(...names, template)).toBe('empty-package 1.0.0\nlicences 1.0\n');
    expect(JSON.parse(await packageQueryOf('--json', ...names, template))).toEqual([
      { file: names[0], text: 'empty-package 1.0.0' },
      { file: names[1], text: 'licences 1.0' },
    ]);
  });

  test('needs a recipe and a template', async () => {
    await expect(packageQueryOf(recipe('empty'))).rejects.toMatchObject({ code: 'USAGE' });
  });
});
