import { expect, test } from 'vitest';
import { compileRecipe } from './compile.ts';
import type { CompiledRecipe, SourceReference } from './compiled.ts';
import { parsePipelineDefinition } from './decode.ts';
import { parseRecipe } from './parse.ts';
import { requirePinnedSources, sourceDescriptor } from './sources.ts';

const definition = parsePipelineDefinition(
  `
inputs:
  repository: {required: true}
  branch: {}
  tag: {}
  expected-commit: {}
  expected-commit-is-branch-tip: {default: "false"}
  depth: {default: unset}
  recurse-submodules: {default: "false"}
  cherry-picks: {}
pipeline: [{runs: "true"}]
`,
  { file: 'git-checkout.yaml' },
);

const commit = 'AB'.repeat(20);
const url = 'https://user:secret@git.example.org/team/thing.git';

function compile(steps: string): CompiledRecipe {
  return compileRecipe({
    recipe: parseRecipe(`package: {name: hello, version: "1"}\n${steps}`, { file: 'r.yaml' }),
    arch: 'x86_64',
    pipelines: () => definition,
  });
}

function checkout(inputs: string): SourceReference | undefined {
  const { sources } = compile(
    `pipeline:\n  - uses: git-checkout\n    with:\n      repository: ${url}\n      expected-commit: ${commit}\n${inputs
      .split('\n')
      .map((line) => `      ${line}\n`)
      .join('')}`,
  );
  expect(sources).toHaveLength(1);
  return sources[0];
}

test('a checkout yields what it asks of its repository', () => {
  expect(checkout('tag: v1')).toMatchObject({
    kind: 'git',
    repository: url,
    branch: undefined,
    tag: 'v1',
    commit: commit.toLowerCase(),
    mustBeTip: false,
    depth: 1,
    submodules: false,
    cherryPicks: [],
    stepIndex: 0,
    topLevel: true,
    subpackage: undefined,
  });
  expect(checkout('branch: main\nrecurse-submodules: true')).toMatchObject({
    branch: 'main',
    depth: undefined,
    submodules: true,
  });
});

test.each([
  ['tag: v1', 1],
  ['branch: main', undefined],
  ['branch: main\nexpected-commit-is-branch-tip: true', 1],
  ['branch: main\ndepth: 20', 20],
  ['tag: v1\ndepth: -1', undefined],
  ['tag: v1\ndepth: some', 1],
])('of {%s} the history has the depth %s', (inputs, depth) => {
  expect(checkout(inputs)).toMatchObject({ depth });
});

test('cherry-picks are read like the step reads them', () => {
  const picks = [
    'cherry-picks: |',
    '  # a heading: of its own',
    '',
    '  main/abc: one # two: three',
    '    pull/165/head/def:four',
    '  fed: five',
    '  main/123 # nothing: here',
    '  no comment',
  ].join('\n');
  expect(checkout(`tag: v1\n${picks}`)).toMatchObject({
    cherryPicks: [
      { branch: 'main', commit: 'abc' },
      { branch: 'pull/165/head', commit: 'def' },
      { branch: undefined, commit: 'fed' },
    ],
  });
});

test.each(['./made', '/home/build/made', 'file:///home/build/made'])(
  'the repository %s is made by an earlier step',
  (repository) => {
    const pinned = `{uses: git-checkout, with: {repository: "${repository}", expected-commit: ${commit}}}`;
    const open = `{uses: git-checkout, with: {repository: "${repository}"}}`;
    const compiled = compile(`pipeline: [${pinned}, ${open}]`);
    expect(compiled.sources).toEqual([]);
    expect(() => requirePinnedSources(compiled)).not.toThrow();
  },
);

test('a path of the host is an address', () => {
  const step = `{uses: git-checkout, with: {repository: /srv/git/x, expected-commit: ${commit}}}`;
  expect(compile(`pipeline: [${step}]`).sources).toMatchObject([
    { repository: 'file:///srv/git/x' },
  ]);
});

test('a checkout without a commit is no source, and is refused without its credentials', () => {
  const compiled = compile(`pipeline: [{uses: git-checkout, with: {repository: "${url}"}}]`);
  expect(compiled.sources).toEqual([]);
  expect(() => requirePinnedSources(compiled)).toThrow(
    'checkout of "https://git.example.org/team/thing.git" names no commit',
  );
});

test('steps and subpackages that do not apply yield nothing', () => {
  const step = `{uses: git-checkout, with: {repository: "${url}", expected-commit: ${commit}}}`;
  const compiled = compile(
    `pipeline: [{if: '"a" == "b"', pipeline: [${step}]}]\nsubpackages: [{name: s, if: '"a" == "b"', pipeline: [${step}]}, {name: t, pipeline: [${step}]}]`,
  );
  expect(compiled.sources).toMatchObject([{ subpackage: 't' }]);
});

test('statements list a commit without credentials', () => {
  const source = checkout('tag: v1');
  if (source === undefined) throw new Error('no source');
  expect(sourceDescriptor(source)).toEqual({
    name: 'thing',
    uri: `git+https://git.example.org/team/thing.git@${commit.toLowerCase()}`,
    digest: { gitCommit: commit.toLowerCase() },
  });
});
