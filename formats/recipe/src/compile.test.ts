import { KilnError } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { compileRecipe } from './compile.ts';
import type { CompiledRecipe } from './compiled.ts';
import { compiledDocument } from './document.ts';
import { parsePipelineDefinition, parseRecipe } from './parse.ts';

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

describe('refuses', () => {
  test.each([
    [
      'a fetch without a digest',
      'pipeline: [{uses: fetch, with: {uri: x, expected-none: yes}}]',
      /RECIPE_FETCH_UNPINNED hello\.yaml:6:12/,
    ],
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
      'a circle of pipelines',
      'pipeline: [{uses: one}]',
      /RECIPE_PIPELINE_CYCLE .*circle: one -> two -> one$/,
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
    [
      'a key that is not supported',
      'capabilities: {add: [X]}',
      /RECIPE_UNSUPPORTED hello\.yaml:6:15: the key "capabilities"/,
    ],
    [
      'repositories in the environment',
      'environment: {contents: {repositories: [x]}}',
      /RECIPE_UNSUPPORTED .*factory/,
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

test('needs of a step that does not apply stay out of the environment', () => {
  const yaml =
    "environment: {contents: {packages: [a]}}\npipeline: [{needs: {packages: [b, a]}}, {if: \"'x' == 'y'\", needs: {packages: [c]}}]";
  expect(compile(yaml).environment.packages).toEqual(['a', 'b']);
});

test('the document keeps the excuses and the locked environment', () => {
  const compiled = compile(
    'kiln: {hardening: {exceptions: [{path: usr/bin/*, check: pie, reason: because}]}}',
  );
  const document = compiledDocument({ compiled, lockedPackages: ['b=2-r0', 'a=1-r0'] });
  expect(document).toMatchObject({
    package: { name: 'hello', version: '1.10', epoch: 2 },
    environment: { contents: { packages: ['a=1-r0', 'b=2-r0'] }, archs: ['amd64'] },
    kiln: { hardening: { exceptions: [{ path: 'usr/bin/*', check: 'pie', reason: 'because' }] } },
  });
});
