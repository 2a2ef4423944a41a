import { KilnError } from '@kiln/base';
import { describe, expect, test } from 'vitest';
import { compileRecipe } from './compile.ts';
import type { CompiledRecipe } from './compiled.ts';
import { parsePipelineDefinition } from './decode.ts';
import { compiledDocument, printCompiled } from './document.ts';
import { parseRecipe } from './parse.ts';

const file = 'a.yaml';
const head = 'package:\n  name: a\n  version: "1"\n';

function compile(
  yaml: string,
  more: { readonly definition?: string; readonly varsFile?: Readonly<Record<string, string>> } = {},
): CompiledRecipe {
  return compileRecipe({
    recipe: parseRecipe(yaml.startsWith('package') ? yaml : head + yaml, {
      file,
      dialect: 'melange',
      varsFile: more.varsFile ?? {},
    }),
    arch: 'x86_64',
    pipelines: () =>
      more.definition === undefined
        ? undefined
        : parsePipelineDefinition(more.definition, { file: 'p.yaml', dialect: 'melange' }),
    subpackageConditions: 'later',
  });
}

function printed(...args: Parameters<typeof compile>): unknown {
  return JSON.parse(printCompiled(compile(...args)));
}

function refusal(...args: Parameters<typeof compile>): string {
  try {
    compile(...args);
  } catch (error) {
    if (error instanceof KilnError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

test.each(['5', '0', '1d', '9999999h'])('a timeout of %s is none', (timeout) => {
  expect(refusal(`${head}  timeout: ${timeout}\n`)).toContain('expected a duration');
});

test.each([
  ['1.0000000019s', 1_000_000_001],
  ['0.3us', 300],
  ['1h1h', 7_200_000_000_000],
])('a timeout of %s is %d nanoseconds', (timeout, nanoseconds) => {
  expect(printed(`${head}  timeout: ${timeout}\n`)).toMatchObject({
    package: { timeout: nanoseconds },
  });
});

test.each([
  ['5500ms', '5.5s'],
  ['1h0m0.000000001s', '1h0m0.000000001s'],
  ['100h', '100h0m0s'],
  ['20.5ms', '20.5ms'],
  ['0.3us', '300ns'],
  ['-90s', '-1m30s'],
])('a package shows a timeout of %s as %s', (timeout, shown) => {
  const compiled = compile(`${head}  timeout: ${timeout}\n`);
  expect(compiledDocument(compiled, compiled.environment)['package']).toMatchObject({
    timeout: shown,
  });
});

describe('the dialect melange, where it differs', () => {
  test('texts that are replaced once show the vars that a var names, and steps what these are', () => {
    const recipe = `${head}  description: '\${{vars.b}}'
  dependencies:
    runtime: ['r-\${{vars.b}}']
vars: {a: one, b: '\${{vars.a}}'}
var-transforms: [{from: '\${{vars.b}}', match: ^one, replace: two, to: c}]
pipeline:
  - runs: echo \${{vars.b}} \${{vars.c}}
`;
    expect(printed(recipe)).toMatchObject({
      package: { description: '${{vars.a}}', dependencies: { runtime: ['r-one'] } },
      pipeline: [{ runs: 'echo one one' }],
    });
  });

  test('vars name those above them alone', () => {
    const recipe = `vars: {b: '\${{vars.a}}', a: one}`;
    expect(refusal(recipe)).toContain('"vars.a" in vars.b');
    // Who only reads the recipe is not told.
    expect(parseRecipe(head + recipe, { file, dialect: 'melange' }).package.name).toBe('a');
  });

  test('texts that are replaced once keep variables with blanks in their braces', () => {
    const recipe = `${head}  description: '\${{package.name}} \${{ package.name }} \${{\${{package.name}}}}'
  dependencies:
    runtime: ['b=\${{ package.version }}']
pipeline:
  - name: '\${{ package.name }}'
    runs: echo \${{ package.name }}
`;
    expect(printed(recipe)).toMatchObject({
      package: {
        description: 'a ${{ package.name }} ${{a}}',
        dependencies: { runtime: ['b=1'] },
      },
      pipeline: [{ name: '${{ package.name }}', runs: 'echo a' }],
    });
  });

  test('replaces and priorities know no vars of transforms, and subpackages lose what priorities name', () => {
    const recipe = (dependencies: string, of: 'package' | 'subpackage' = 'package') =>
      `${head}${of === 'package' ? `  dependencies: {${dependencies}}\n` : ''}
vars: {a: '4'}
var-transforms: [{from: '\${{vars.a}}', match: '4', replace: '5', to: t}]
subpackages:
  - name: s
${of === 'subpackage' ? `    dependencies: {${dependencies}}\n` : ''}`;
    expect(
      printed(recipe(`runtime: ['\${{ vars.t }}'], replaces: ['\${{vars.t}}']`)),
    ).toMatchObject({
      package: { dependencies: { runtime: ['5'], replaces: ['5'] } },
    });
    expect(printed(recipe(`provider-priority: '\${{ vars.a }}'`))).toMatchObject({
      package: { dependencies: { 'provider-priority': '4' } },
    });
    for (const of of ['package', 'subpackage'] as const) {
      expect(refusal(recipe(`replaces: ['\${{ vars.t }}']`, of))).toContain('"vars.t"');
      expect(refusal(recipe(`replaces-priority: '\${{ vars.t }}'`, of))).toContain('"vars.t"');
    }
    expect(refusal(recipe(`provider-priority: '\${{ vars.a }}'`, 'subpackage'))).toContain(
      'a priority must be a whole number',
    );
  });

  test('what a definition says that it uses is shown', () => {
    const definition = 'uses: other\nruns: echo\n';
    expect(printed('pipeline:\n  - uses: p\n', { definition })).toMatchObject({
      pipeline: [{ uses: 'other', runs: 'echo' }],
    });
  });

  test('what a variable is replaced by is not looked through again', () => {
    const recipe = `package:
  name: a
  version: \${{vars.v}}
  description: \${{package.full-version}}
vars: {v: '2'}
data:
  - name: d
    items: {k: '\${{package.name}}'}
pipeline:
  - runs: echo \${{package.version}}
subpackages:
  - name: a-\${{range.key}}
    range: d
    description: \${{range.value}} \${{package.version}}
`;
    expect(printed(recipe)).toMatchObject({
      package: { version: '2', description: '${{vars.v}}-r0' },
      pipeline: [{ runs: 'echo 2' }],
      subpackages: [{ description: '${{package.name}} 2' }],
    });
  });

  test('compiling evaluates no conditions of subpackages, and none of steps inside of a false one', () => {
    const recipe = `pipeline:
  - if: "'a' == 'b'"
    pipeline:
      - if: not a condition
        needs: {packages: [n]}
subpackages:
  - name: s
    if: foo == \${{vars.f}}
vars: {f: x}
`;
    expect(printed(recipe)).toMatchObject({
      environment: { contents: {} },
      subpackages: [{ name: 's', if: 'foo == x' }],
    });
  });

  test('tags are dropped, known ones have to fit, and numbers lose their fractions', () => {
    expect(
      printed(`package:
  name: !name a
  version: !!binary MS4y
  epoch: 1.5
  url: !!int 0x10
  description: !!str ~
pipeline:
  - assertions: {required-steps: !!int "3"}
`),
    ).toMatchObject({
      package: { version: '1.2', epoch: 1, url: '0x10', description: '~' },
      pipeline: [{ assertions: { 'required-steps': 3 } }],
    });
    expect(refusal('pipeline:\n  - name: !!bool yes\n')).toContain('"yes" is no bool');
    expect(refusal('pipeline:\n  - name: "a\u0001"\n')).toContain('a control character');
    expect(refusal('pipeline:\n  - name: "\\/"\n')).toContain('unknown escape');
  });

  test('null elements of lists and null timeouts are not there, and a list of steps that is asserted to be empty is', () => {
    expect(
      printed(`${head}  timeout: ~
update:
  ignore-regex-patterns: [~]
pipeline:
  - assertions: {}
`),
    ).toMatchObject({ pipeline: [{ assertions: {} }] });
    const needs = `pipeline:\n  - pipeline:\n      - needs: {}\n      - needs: {packages: []}\n`;
    expect(printed(needs)).toMatchObject({
      pipeline: [{ pipeline: [{ needs: { Packages: null } }, { needs: { Packages: [] } }] }],
    });
  });

  test('a block text that ends with the file has no line’s end', () => {
    expect(printed('pipeline:\n  - name: |\n      x')).toMatchObject({ pipeline: [{ name: 'x' }] });
    expect(printed('pipeline:\n  - name: |\n      x\n')).toMatchObject({
      pipeline: [{ name: 'x\n' }],
    });
  });

  test('a priority stays as it is written', () => {
    expect(printed(`${head}  dependencies: {replaces-priority: 010}\n`)).toMatchObject({
      package: { dependencies: { 'replaces-priority': '010' } },
    });
  });

  test('tests, definitions and what subpackages set are not checked', () => {
    const definition =
      'with: {unknown: x}\npipeline:\n  - with: {y: z}\n    runs: echo ${{inputs.y}}\n';
    const recipe = `pipeline:
  - uses: p
subpackages:
  - name: s
    setcap: [{path: /x, add: {cap_x: e}}]
test:
  pipeline:
    - with: {a: b}
      runs: echo \${{inputs.a}}
`;
    expect(printed(recipe, { definition })).toMatchObject({
      pipeline: [{ uses: 'p', pipeline: [{ runs: 'echo z' }] }],
      test: { pipeline: [{ runs: 'echo b' }] },
    });
  });

  test('crashes of the reference are errors', () => {
    expect(
      refusal('pipeline:\n  - pipeline:\n      - environment: {A: b}\n        runs: echo\n'),
    ).toContain('the step around it has none');
    expect(refusal('', { varsFile: { a: 'b' } })).toContain('needs "vars" in the recipe');
  });
});

test('an input that names itself has its own text there', () => {
  const definition = 'inputs: {b: {default: "${{inputs.b}}"}, c: {}}\npipeline: [{label: l}]';
  const yaml =
    'pipeline: [{uses: p, with: {b: "x-${{ inputs.b }}", c: "${{inputs.c}}"}}, {uses: p}]';
  expect(compile(yaml, { definition }).pipeline.map((step) => step.with)).toEqual([
    { b: 'x-x-${{ inputs.b }}', c: '${{inputs.c}}' },
    {},
  ]);
});

test('a transform cannot start from the description, which is unknown when a recipe is compiled', () => {
  const transform = (from: string) =>
    `var-transforms: [{from: "\${{package.${from}}}", match: a, replace: b, to: c}]\n`;
  expect(refusal(transform('description'))).toContain('"package.description"');
  expect(compile(transform('name')).recipe.variables.get('vars.c')).toBe('b');
});

test('a script that is empty once its variables are replaced is none', () => {
  const scriptlets = '  scriptlets: {pre-install: "${{package.description}}", post-install: x}\n';
  expect(compile(head + scriptlets).package.scriptlets?.scripts).toEqual({ 'post-install': 'x' });
});

test('a version names no unknown variable where there are steps', () => {
  const origin = 'package: {name: a, version: "${{vars.a}}"}\n';
  expect(compile(origin).package.version).toBe('${{vars.a}}');
  expect(refusal(`${origin}pipeline: [{label: x}]`)).toContain('"vars.a" in the version');
  expect(refusal(`${origin}test: {pipeline: [{label: x}]}`)).toContain('in the version');
  expect(compile(`${origin}vars: {a: "1"}\npipeline: [{label: x}]`).package.version).toBe('1');
});
