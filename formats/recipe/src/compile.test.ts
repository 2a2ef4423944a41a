import { KilnError } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { compileRecipe } from './compile.ts';
import type { CompiledRecipe } from './compiled.ts';
import { compiledDocument } from './document.ts';
import { parsePipelineDefinition } from './decode.ts';
import { parseRecipe } from './parse.ts';
import { requirePinnedSources } from './sources.ts';

const head = 'package:\n  name: hello\n  version: 1.10\n  epoch: 2\n  description: a greeting\n';

function compile(yaml: string, pipelines: Readonly<Record<string, string>> = {}): CompiledRecipe {
  return compileRecipe({
    recipe: parseRecipe(head + yaml, { file: 'hello.yaml' }),
    arch: 'x86_64',
    pipelines: (name) => {
      const text = pipelines[name];
      return text === undefined
        ? undefined
        : parsePipelineDefinition(text, { file: `${name}.yaml` });
    },
  });
}

function refusal(yaml: string, pipelines: Readonly<Record<string, string>> = {}): string {
  try {
    compile(yaml, pipelines);
  } catch (error) {
    if (error instanceof KilnError)
      return `${error.code} ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
    throw error;
  }
  throw new Error('was accepted');
}

const fetch = `
inputs:
  uri: {required: true}
  expected-sha256: {}
  expected-sha512: {}
  expected-none: {}
  purl-name: {default: "\${{package.name}}"}
  purl-version: {default: "\${{package.version}}"}
pipeline:
  - runs: tar -xf "\${{inputs.uri}}"
`;

test('a fetch step yields a source reference, with its place', () => {
  const digest = 'ab'.repeat(32);
  const compiled = compile(
    `pipeline:\n  - runs: "true"\n  - uses: fetch\n    with:\n      uri: https://example.org/a-\${{package.version}}.tar.gz\n      expected-sha256: ${digest}\n`,
    { fetch },
  );
  expect(compiled.sources).toMatchObject([
    {
      uri: 'https://example.org/a-1.10.tar.gz',
      digest: { algorithm: 'sha256', hex: digest },
      purlName: 'hello',
      purlVersion: '1.10',
      stepIndex: 1,
      topLevel: true,
    },
  ]);
});

test('a fetch that does not apply yields none', () => {
  const step = `- if: \${{build.arch}} == "aarch64"\n    uses: fetch\n    with: {uri: x, expected-sha256: ${'0'.repeat(64)}}`;
  expect(compile(`pipeline:\n  ${step}\n`, { fetch }).sources).toEqual([]);
});

test('a fetch without a digest compiles, and is no source of a build', () => {
  const compiled = compile('pipeline: [{uses: fetch, with: {uri: x, expected-none: yes}}]', {
    fetch,
  });
  expect(compiled.sources).toEqual([]);
  expect(() => requirePinnedSources(compiled)).toThrow(
    /hello\.yaml:6:12: fetch of "x" names no digest/,
  );
});

describe('refuses', () => {
  test.each([
    [
      'a digest of the wrong length',
      'pipeline: [{uses: fetch, with: {uri: x, expected-sha256: abc}}]',
      /RECIPE_INPUT_INVALID .*64 hexadecimal/,
    ],
    [
      'a missing input',
      `pipeline: [{uses: fetch, with: {expected-sha256: ${'0'.repeat(64)}}}]`,
      /RECIPE_INPUT_INVALID .*needs the input "uri"/,
    ],
    ['an undeclared input', 'pipeline: [{uses: fetch, with: {url: x}}]', /has no input "url"/],
    ['an unknown pipeline', 'pipeline: [{uses: nothing}]', /RECIPE_PIPELINE_UNKNOWN/],
    [
      'a pipeline outside the catalog',
      'pipeline: [{uses: ../x}]',
      /RECIPE_INVALID .*not a pipeline name/,
    ],
    [
      'two dots in the name of a pipeline',
      'pipeline: [{uses: a..b}]',
      /RECIPE_INVALID .*not a pipeline name/,
    ],
    [
      'a circle of pipelines',
      'pipeline: [{uses: one}]',
      /RECIPE_PIPELINE_CYCLE .*circle: one -> two -> one \(one of them/,
    ],
    [
      'an unknown variable',
      'pipeline:\n  - runs: echo ${{vars.nope}}',
      /RECIPE_VARIABLE_UNKNOWN hello\.yaml:7:5: unknown variable "vars.nope" in runs/,
    ],
    [
      'an unknown variable in a condition',
      'pipeline: [{if: "${{vars.nope}} == \'\'"}]',
      /RECIPE_VARIABLE_UNKNOWN/,
    ],
    [
      'an unterminated variable',
      'pipeline: [{runs: "echo ${{vars.nope"}]',
      /RECIPE_INVALID .*malformed variable/,
    ],
    ['a condition without comparison', 'pipeline: [{if: "\'a\'"}]', /RECIPE_CONDITION_INVALID/],
    [
      'uses with runs',
      'pipeline: [{uses: fetch, runs: x}]',
      /RECIPE_INVALID .*both "uses" and "runs"/,
    ],
    ['with without uses', 'pipeline: [{with: {a: b}}]', /RECIPE_INVALID .*no "uses"/],
    [
      'a range without its table',
      'subpackages: [{range: no, name: x}]',
      /RECIPE_INVALID .*no table/,
    ],
    [
      'two packages of one name',
      'subpackages: [{name: hello}]',
      /RECIPE_INVALID .*are called "hello"/,
    ],
    [
      'a misspelt key',
      'enviroment: {}',
      /YAML_UNKNOWN_KEY hello\.yaml:6:1: unknown key "enviroment" \(did you mean "environment"\?\)/,
    ],
    ['vars in a circle', 'vars: {a: "${{vars.b}}", b: "${{vars.a}}"}', /RECIPE_INVALID .*circle/],
    [
      'a var that names the package',
      'vars: {a: "${{package.version}}"}',
      /RECIPE_VARIABLE_UNKNOWN/,
    ],
    [
      'an excuse without reason',
      'kiln: {hardening: {exceptions: [{path: x, check: pie, reason: ""}]}}',
      /YAML_TYPE .*must say why/,
    ],
    [
      'an unknown hardening check',
      'kiln: {hardening: {exceptions: [{path: x, check: pi, reason: y}]}}',
      /YAML_TYPE/,
    ],
    [
      'an unparsable priority',
      'subpackages: [{name: x, dependencies: {provider-priority: high}}]',
      /RECIPE_INVALID .*priority/,
    ],
  ])('%s', (_what, yaml, message) => {
    expect(
      refusal(yaml, { fetch, one: 'pipeline: [{uses: two}]', two: 'pipeline: [{uses: one}]' }),
    ).toMatch(message);
  });
});

test('vars may name other vars, whatever their order', () => {
  expect(
    compile('vars: {b: "${{vars.a}}-x", a: "1"}\npipeline: [{runs: "echo ${{vars.b}}"}]')
      .pipeline[0]?.runs,
  ).toBe('echo 1-x');
});

test('a value is never scanned again', () => {
  const definition = 'inputs: {t: {}}\nruns: echo ${{inputs.t}}\n';
  const compiled = compile(
    "pipeline:\n  - uses: p\n    with: {t: '$${{package.name}}{{package.name}}'}",
    { p: definition },
  );
  expect(compiled.pipeline[0]?.runs).toBe('echo $hello{{package.name}}');
});

test('environment and name of a step know the inputs', () => {
  const definition =
    'inputs: {t: {default: z}}\npipeline: [{name: "say ${{inputs.t}}", environment: {T: "${{targets.contextdir}}"}}]';
  expect(
    compile('pipeline: [{uses: p}]', { p: definition }).pipeline[0]?.pipeline[0],
  ).toMatchObject({
    name: 'say z',
    environment: { T: '/home/build/melange-out/hello' },
  });
});

test('the condition of a subpackage knows the architecture', () => {
  const { subpackages } = compile(
    'subpackages:\n  - name: a\n    if: ${{build.arch}} == "x86_64"\n  - name: b\n    if: ${{build.arch}} != "x86_64"\n',
  );
  expect(subpackages.map(({ applies }) => applies)).toEqual([true, false]);
});

test.each([
  ['runs', 'pipeline: [{runs: "echo ${{build.arch}}"}]\n', true],
  [
    'a condition',
    'subpackages: [{name: a, if: "${{build.goarch}} == \'amd64\'", pipeline: [{runs: a}]}]\n',
    true,
  ],
  ['an input', 'pipeline: [{uses: p, with: {x: "${{host.triplet.gnu}}"}}]\n', true],
  ['a test', 'test: {pipeline: [{runs: "${{cross.triplet.gnu.musl}}"}]}\n', true],
  ['nothing', 'pipeline: [{runs: "echo ${{package.name}}"}]\n', false],
])('what asks for the architecture is known: %s', (_what, yaml, reads) => {
  const pipelines = { p: 'inputs:\n  x:\npipeline:\n  - runs: echo ${{inputs.x}}\n' };
  expect(compile(yaml, pipelines).readsArchitecture).toBe(reads);
});

test('needs of a step that does not apply stay out of the environment', () => {
  const yaml =
    "environment: {contents: {packages: [a]}}\npipeline: [{needs: {packages: [b, a]}}, {if: \"'x' == 'y'\", needs: {packages: [c]}}]";
  expect(compile(yaml).environment.contents.packages).toEqual(['a', 'b', 'a']);
});

test('the document keeps the excuses and the locked environment', () => {
  const compiled = compile(
    'kiln: {hardening: {exceptions: [{path: usr/bin/*, check: pie, reason: because}]}}',
  );
  const { contents } = compiled.environment;
  const document = compiledDocument(compiled, {
    ...compiled.environment,
    contents: { ...contents, packages: ['a=1-r0', 'b=2-r0'] },
    archs: ['amd64'],
  });
  expect(document).toMatchObject({
    package: { name: 'hello', version: '1.10', epoch: 2 },
    environment: { contents: { packages: ['a=1-r0', 'b=2-r0'] }, archs: ['amd64'] },
    kiln: { hardening: { exceptions: [{ path: 'usr/bin/*', check: 'pie', reason: 'because' }] } },
  });
});

test('the document leaves out a trigger that says nothing', () => {
  const scriptletsOf = (trigger: string): unknown => {
    const yaml = `subpackages: [{name: b, scriptlets: {trigger: ${trigger}}}]\n`;
    const compiled = compile(yaml);
    return compiledDocument(compiled, compiled.environment)['subpackages'];
  };
  expect(scriptletsOf('{}')).toMatchObject([{ scriptlets: { trigger: undefined } }]);
  expect(scriptletsOf('{script: a}')).toMatchObject([
    { scriptlets: { trigger: { script: 'a', paths: [] } } },
  ]);
});

test('an input is forwarded under its own name, and a sibling may be named', () => {
  const { pipeline } = compile('pipeline: [{uses: outer, with: {dir: d}}]', {
    outer:
      'inputs: {dir: {}}\npipeline: [{uses: inner, with: {dir: "${{inputs.dir}}", full: "${{inputs.base}}/x"}}]',
    inner:
      'inputs: {dir: {}, base: {default: b}, full: {}}\nruns: echo ${{inputs.dir}} ${{inputs.full}}',
  });
  expect(pipeline[0]?.pipeline[0]?.runs).toBe('echo d b/x');
});

test('inputs that name each other in a circle are refused', () => {
  const inner = 'inputs: {a: {default: "${{inputs.b}}"}, b: {default: "${{inputs.a}}"}}\nruns: x';
  expect(refusal('pipeline: [{uses: inner}]', { inner })).toMatch(/refers to itself/);
});

test('a definition leaves what it does not write, and what it writes wins', () => {
  const [step] = compile(
    'pipeline: [{uses: p, name: mine, label: l, needs: {packages: [a]}, environment: {A: "1", B: "1"}}]',
    {
      p: 'name: theirs\nruns: x\nenvironment: {B: "2"}',
    },
  ).pipeline;
  expect(step).toMatchObject({
    name: 'mine',
    label: 'l',
    needs: ['a'],
    environment: { A: '1', B: '2' },
  });
});

test('scripts are printed by the printer that is passed, and its refusal names the step', () => {
  const recipe = parseRecipe(`${head}pipeline: [{runs: one}, {runs: two}]`, { file: 'hello.yaml' });
  const printScript = (script: string): string => {
    if (script === 'two') throw new KilnError('SHELL_SYNTAX_INVALID', 'bad');
    return `${script}\n`;
  };
  expect(() =>
    compileRecipe({ recipe, arch: 'x86_64', pipelines: () => undefined, printScript }),
  ).toThrow(/hello\.yaml:6:25: bad/);
});

test('the dialect of melange leaves late variables of names and environments as they are', () => {
  const yaml = `${head}pipeline: [{name: "\${{build.arch}}", environment: {A: "\${{build.arch}}"}, runs: x}]`;
  const step = (dialect: 'kiln' | 'melange') =>
    compileRecipe({
      recipe: parseRecipe(yaml, { file: 'hello.yaml', dialect }),
      arch: 'x86_64',
      pipelines: () => undefined,
    }).pipeline[0];
  expect(step('kiln')).toMatchObject({ name: 'x86_64', environment: { A: 'x86_64' } });
  expect(step('melange')).toMatchObject({
    name: '${{build.arch}}',
    environment: { A: '${{build.arch}}' },
  });
});

test('a nested step has variables in the dialect of melange where the outermost names some too', () => {
  const nested = (outer: string, dialect: 'kiln' | 'melange'): string => {
    const yaml = `${head}pipeline:\n  - pipeline:\n      - pipeline:\n          - {runs: a, environment: {B: c}}\n${outer}`;
    try {
      const { pipeline } = parseRecipe(yaml, { file: 'hello.yaml', dialect });
      return JSON.stringify(pipeline[0]?.pipeline[0]?.pipeline[0]?.environment);
    } catch (error) {
      return error instanceof KilnError ? error.message : String(error);
    }
  };
  expect(nested('', 'kiln')).toBe('{"B":"c"}');
  expect(nested('', 'melange')).toMatch(/a nested step has "environment"/);
  expect(nested('    environment: {}\n', 'melange')).toBe('{"B":"c"}');
  expect(nested('    environment: {A: b}\n', 'melange')).toBe('{"A":"b","B":"c"}');
});

test('an assertion that states no number requires that nothing ran', () => {
  const compiled = compile('pipeline:\n  - {assertions: {}, pipeline: [{runs: a}]}\n');
  expect(compiled.pipeline[0]).toMatchObject({ requiredSteps: 0 });
  const { pipeline } = compiledDocument(compiled, compiled.environment) as { pipeline: unknown };
  expect(pipeline).toMatchObject([{ assertions: {} }]);
});

test('the dialect of melange does not know the key of Kiln', () => {
  const yaml = `${head}kiln: {network: {reason: modules}}`;
  expect(parseRecipe(yaml, { file: 'hello.yaml' }).network).toBe('modules');
  expect(() => parseRecipe(yaml, { file: 'hello.yaml', dialect: 'melange' })).toThrow(
    /hello\.yaml:6:7: unknown key "kiln"/,
  );
});
