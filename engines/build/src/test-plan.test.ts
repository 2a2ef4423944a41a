import { assert, type Digest } from '@kiln/base';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { testActionDigest, type TestPlan } from './test-plan.ts';

const written = `package: {name: a, version: "1"}
test:
  environment: {environment: {LANG: C}}
  pipeline:
    - name: It runs
      runs: a --version
`;

function action(recipe = written, changes: Partial<TestPlan> = {}): Digest {
  const { test: compiled } = compileRecipe({
    recipe: parseRecipe(recipe, { file: 'a.yaml' }),
    arch: 'x86_64',
    pipelines: () => undefined,
  });
  assert(compiled !== undefined, 'it has a test');
  return testActionDigest({
    packageName: 'a',
    arch: 'x86_64',
    test: compiled,
    variables: [{ CFLAGS: '-O2' }],
    environment: [
      { name: 'busybox', version: '1-r0', checksum: 'Q1y' },
      { name: 'a', version: '1-r0', checksum: 'Q1x' },
    ],
    builder: { name: 'kiln', version: '1' },
    ...changes,
  });
}

test.each([
  ['a comment', `# about a\n\n${written}`],
  ['how the package is built', `${written}pipeline: [{runs: make}]\n`],
  [
    'a step that does not apply',
    `${written}    - {if: "\${{build.arch}} == 'aarch64'", runs: "false"}\n`,
  ],
])('%s is the same test', (_what, recipe) => {
  expect(action(recipe)).toBe(action());
});

test.each<[string, string, Partial<TestPlan>]>([
  ['another command', written.replace('--version', '--help'), {}],
  ['another variable of the test', written.replace('LANG: C', 'LANG: D'), {}],
  ['another variable of the catalog', written, { variables: [{ CFLAGS: '-O3' }] }],
  [
    'other bytes of the package',
    written,
    { environment: [{ name: 'a', version: '1-r0', checksum: 'Q1z' }] },
  ],
  ['another package', written, { packageName: 'b' }],
  ['another Kiln', written, { builder: { name: 'kiln', version: '2' } }],
])('%s is another test', (_what, recipe, changes) => {
  expect(action(recipe, changes)).not.toBe(action());
});
