import { digestOf } from '@kiln/base';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { planBuild, recipeDocument, type BuildPlan, type PlanInputs } from './plan.ts';

function plan(
  recipe = 'package: {name: a, version: "1"}',
  changes: Partial<PlanInputs> = {},
): BuildPlan {
  return planBuild({
    compiled: compileRecipe({
      recipe: parseRecipe(recipe, { file: 'a.yaml' }),
      arch: 'x86_64',
      pipelines: () => undefined,
    }),
    sideFiles: [
      { path: 'b', mode: 0o644, digest: digestOf('b') },
      { path: 'a', mode: 0o644, digest: digestOf('a') },
    ],
    environment: [
      { name: 'gcc', version: '12-r0', checksum: 'Q1x' },
      { name: 'bash', version: '5-r0', checksum: 'Q1y' },
    ],
    variables: { CFLAGS: '-O2' },
    sourceDateEpoch: 1,
    namespace: 'example',
    builder: { name: 'kiln', version: '1' },
    ...changes,
  });
}

test('the order of files and packages does not matter, nor where the recipe is or how it is laid out', () => {
  const { action, sideFiles, environment } = plan();
  expect(
    plan(undefined, { sideFiles: sideFiles.toReversed(), environment: environment.toReversed() })
      .action,
  ).toBe(action);
  expect(plan('# comment\n\npackage:\n  version: "1"\n  name: a\n').action).toBe(action);
});

test.each<[string, string | undefined, Partial<PlanInputs>]>([
  ['a step', 'package: {name: a, version: "1"}\npipeline: [{runs: x}]', {}],
  [
    'an excuse',
    'package: {name: a, version: "1"}\nkiln: {hardening: {exceptions: [{path: x, check: pie, reason: y}]}}',
    {},
  ],
  ['a side file', undefined, { sideFiles: [] }],
  [
    'a package of the environment',
    undefined,
    { environment: [{ name: 'gcc', version: '12-r0', checksum: 'Q1z' }] },
  ],
  ['a variable', undefined, { variables: { CFLAGS: '-O3' } }],
  ['the date', undefined, { sourceDateEpoch: 2 }],
  ['how far from UTC it is said', undefined, { dateOffsetMinutes: 60 }],
  ['the builder', undefined, { builder: { name: 'kiln', version: '2' } }],
  ['the distribution', undefined, { namespace: 'other' }],
])('another %s is another action', (_what, recipe, changes) => {
  expect(plan(recipe, changes).action).not.toBe(plan().action);
});

test('a test is no part of a build, nor of what a package says of itself', () => {
  const recipe = (test: string): string =>
    `package: {name: a, version: "1"}\n${test}subpackages: [{name: b${test === '' ? '' : ', test: {pipeline: [{runs: y}]}'}}]\n`;
  const tested = plan(recipe('test: {pipeline: [{runs: x}]}\n'));
  expect(tested.action).toBe(plan(recipe('')).action);
  expect(JSON.stringify(recipeDocument(tested))).not.toContain('test');
});

test('a version that apk cannot order is refused at its place', () => {
  for (const version of ['1-r1', 'abc', '1..2']) {
    expect(() => plan(`package: {name: a, version: ${version}}`)).toThrow(
      expect.objectContaining({ code: 'BUILD_VERSION_INVALID' }),
    );
  }
});

test('a recipe for other architectures is refused', () => {
  expect(() => plan('package: {name: a, version: "1", target-architecture: [aarch64]}')).toThrow(
    expect.objectContaining({ code: 'BUILD_ARCHITECTURE_EXCLUDED' }),
  );
});
