import { describe, expect, test } from 'vitest';
import { pipelineReference, pipelines, type Pipeline } from './pipelines.ts';
import { generated, readText } from './repository.ts';

interface Interface {
  readonly needs: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
  readonly required: readonly string[];
}

const reference = JSON.parse(readText('tools/tidy/testdata/pipelines.json')) as Readonly<
  Record<string, Interface>
>;
const all = pipelines();

test('docs/pipelines.md describes the pipelines as they are (KILN_UPDATE=1 rewrites it)', () => {
  const page = readText('docs/pipelines.md');
  const place = /(<!-- pipelines -->\n)[\s\S]*(<!-- \/pipelines -->)/;
  expect(page).toMatch(place);
  const { found, wanted } = generated(
    'docs/pipelines.md',
    page.replace(place, (_all, before: string, after: string) =>
      [before, '\n', pipelineReference(), '\n\n', after].join(''),
    ),
  );
  expect(found).toBe(wanted);
});

describe('the pipelines of the catalog', () => {
  test("are called, need and take what melange's built-in ones do", () => {
    const ours = Object.fromEntries(all.map((pipeline) => [pipeline.uses, interfaceOf(pipeline)]));
    expect(ours).toEqual(reference);
  });

  test('say what they do and what each input means', () => {
    const silent = all.flatMap(({ uses, name, description, inputs }) => [
      ...(name === '' || description === '' ? [uses] : []),
      ...inputs.filter((one) => one.description === '').map((one) => `${uses}: ${one.name}`),
    ]);
    expect(silent).toEqual([]);
  });

  // A compiled step that has both `uses` and `runs` could not be read again.
  test('consist of named steps', () => {
    const wrong = all.filter(
      ({ keys, steps }) =>
        keys.includes('runs') || steps.some(({ uses, name }) => uses === undefined && !name),
    );
    expect(wrong.map(({ uses }) => uses)).toEqual([]);
  });

  test('take every input as text that is not meant for the shell, some without variables in it', () => {
    const literal = ['R/build', 'fetch', 'git-checkout', 'patch'];
    const spliced = all.flatMap(({ uses, inputs, steps }) => {
      const shellText = inputs
        .filter((one) => /shell reads|double quotes of the shell/.test(one.description))
        .map(({ name }) => name);
      return steps
        .flatMap(({ runs = '' }) =>
          inputsOf(literal.includes(uses) ? withoutLiteralText(runs) : withoutText(runs)),
        )
        .filter((name) => !shellText.includes(name))
        .map((name) => `${uses}: ${name}`);
    });
    expect(spliced).toEqual([]);
  });
});

function interfaceOf({ needs, inputs }: Pipeline): Interface {
  return {
    needs,
    inputs: Object.fromEntries(inputs.map((input) => [input.name, input.default])),
    required: inputs
      .filter(({ required }) => required)
      .map(({ name }) => name)
      .sort(),
  };
}

/** The script without the here-documents in which the shell replaces nothing. */
function withoutLiteralText(script: string): string {
  return script.replace(/<< '(\w+)'\n[\s\S]*?\n\1\n/g, '\n');
}

/** The script without any here-documents: what comes out of them is one word, quotes and blanks included. */
function withoutText(script: string): string {
  return withoutLiteralText(script).replace(/<< (\w+)\n[\s\S]*?\n\1\n/g, '\n');
}

function inputsOf(script: string): readonly string[] {
  return [...script.matchAll(/\$\{\{inputs\.([\w-]+)\}\}/g)].map((match) => match[1] ?? '');
}
