import { checksumOf } from '@kiln/apk';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { planBuild, type BuildPlan, type PlanInputs } from './plan.ts';
import { parseProgress, progressOf, resumeFrom, variablesOf } from './progress.ts';

const recipe = `package: {name: a, version: "1"}
environment: {environment: {LEVEL: "2"}}
pipeline:
  - {name: first, runs: one}
  - working-directory: src
    assertions: {required-steps: 1}
    pipeline: [{runs: two}]
subpackages:
  - {name: a-dev, pipeline: [{runs: three}]}
`;

function planOf(text: string, more: Partial<PlanInputs> = {}): BuildPlan {
  const parsed = parseRecipe(text, { file: 'a.yaml' });
  return planBuild({
    compiled: compileRecipe({ recipe: parsed, arch: 'x86_64', pipelines: () => undefined }),
    sideFiles: [],
    environment: [{ name: 'gcc', version: '13-r0', checksum: checksumOf(Buffer.from('13')) }],
    variables: {},
    sourceDateEpoch: 0,
    namespace: 'example',
    builder: { name: 'kiln', version: '1' },
    ...more,
  });
}

const kept = (stepsDone: number): ReturnType<typeof progressOf> =>
  progressOf(planOf(recipe), stepsDone);

test('the steps of all packages are one list, assertions with them', () => {
  expect(kept(0).steps.map(({ label }) => label)).toEqual([
    'a: first',
    'a: steps',
    'a: two',
    'a: steps',
    'a-dev: three',
  ]);
});

test.for([
  ['the step that failed', 'runs: three', 'runs: four'],
  ['a step after it', '{runs: three}', '{runs: three}, {runs: four}'],
  ['the name of a step that was done', 'name: first', 'name: second'],
  ['what the package says of itself', 'name: a, version', 'name: a, description: new, version'],
])('a build goes on when what changed is %s', ([, from = '', to = '']) => {
  expect(resumeFrom(kept(4), planOf(recipe.replace(from, to)))).toEqual({
    kind: 'resume',
    stepsDone: 4,
  });
});

test.for([
  ['the script of a step that was done', 'runs: two', 'runs: 2', /^step 3 of 5, "a: two"/],
  ['its directory', 'directory: src', 'directory: lib', /^step 2 of 5/],
  ['a step that was put before it', '- {name', '- {runs: zero}\n  - {name', /^step 1 of 5/],
  ['a step that is gone', '    pipeline: [{runs: two}]\n', '', /^step 3 of 5/],
  ['a variable', 'LEVEL: "2"', 'LEVEL: "3"', /^variables: LEVEL: 2 became 3$/],
  ['the version', 'version: "1"', 'version: "2"', /^package: version: 1-r0 became 2-r0$/],
])('a build starts anew when what changed is %s', ([, from, to, reason]) => {
  expect(resumeFrom(kept(4), planOf(recipe.replace(String(from), String(to))))).toEqual({
    kind: 'anew',
    reasons: [expect.stringMatching(reason as RegExp)],
  });
});

test('what a recipe says of the build date counts for melange alone', () => {
  const text = recipe.replace('LEVEL: "2"', 'SOURCE_DATE_EPOCH: "77"');
  const dateOf = (dialect: 'kiln' | 'melange'): string | undefined => {
    const parsed = parseRecipe(text, { file: 'a.yaml', dialect });
    const compiled = compileRecipe({ recipe: parsed, arch: 'x86_64', pipelines: () => undefined });
    return variablesOf({ ...planOf(text), compiled })['SOURCE_DATE_EPOCH'];
  };
  expect([dateOf('kiln'), dateOf('melange')]).toEqual(['0', '77']);
});

test('a build starts anew with another lock or other side files', () => {
  const gcc = { name: 'gcc', version: '14-r0', checksum: checksumOf(Buffer.from('14')) };
  expect(resumeFrom(kept(1), planOf(recipe, { environment: [gcc] }))).toMatchObject({
    reasons: [expect.stringMatching(/^environment: gcc: 13-r0 Q1\S+ became 14-r0 Q1/)],
  });
  const digest = `sha256:${'0'.repeat(64)}` as const;
  const sideFiles = [{ path: 'fix.patch', mode: 0o644, digest }];
  expect(resumeFrom(kept(1), planOf(recipe, { sideFiles }))).toMatchObject({ kind: 'anew' });
});

test('progress survives as JSON, and what is none is told', () => {
  const read = parseProgress(JSON.parse(JSON.stringify(kept(2))));
  if (read === undefined) throw new Error('not read');
  expect(resumeFrom(read, planOf(recipe))).toEqual({ kind: 'resume', stepsDone: 2 });
  const broken = [null, 'x', {}, { ...kept(2), version: 2 }, { ...kept(2), stepsDone: 9 }];
  for (const value of broken) expect(parseProgress(value)).toBeUndefined();
});
