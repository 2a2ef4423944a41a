import { analyseTrees, makeTree, planBuild, type TreeEntry } from '@kiln/build';
import { directory, file } from '@kiln/build/testing';
import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { expect, test } from 'vitest';
import { BuildLinter } from './lint.ts';

async function look(
  entries: readonly TreeEntry[],
  checks = '',
): Promise<{
  readonly linter: BuildLinter;
  readonly refused: Awaited<ReturnType<BuildLinter['inspect']>>;
  readonly log: readonly string[];
}> {
  const source = `package:\n  name: words\n  version: 7\n  epoch: 0\n${checks}pipeline: []\n`;
  const plan = planBuild({
    compiled: compileRecipe({
      recipe: parseRecipe(source, { file: 'words.yaml' }),
      arch: 'x86_64',
      pipelines: () => undefined,
    }),
    sideFiles: [],
    environment: [],
    variables: {},
    sourceDateEpoch: 0,
    namespace: 'test',
    builder: { name: 'kiln', version: '0' },
  });
  const trees = await analyseTrees([makeTree('words', entries)]);
  const linter = new BuildLinter();
  const log: string[] = [];
  return { linter, refused: await linter.inspect(trees, plan, (line) => log.push(line)), log };
}

const misplaced = [directory('var'), directory('var/tmp'), file('var/tmp/a'), file('var/tmp/b')];
const manual = [directory('usr'), directory('usr/share'), directory('usr/share/man')];

test('a required linter fails the build, and the failure names it, a file and what to do', async () => {
  const { linter, refused } = await look(misplaced);
  expect(refused?.code).toBe('BUILD_LINT_FAILED');
  const error = refused && linter.explain(refused);
  expect(error).toMatchObject({
    code: 'BUILD_LINT_FAILED',
    message: expect.stringMatching(/^linter tempdir: words: var\/tmp\/a and 1 more: /),
    hint: expect.stringMatching(/checks\.disabled/),
  });
});

test('what the recipe disables warns, and stands in the result', async () => {
  const { linter, refused, log } = await look(
    misplaced,
    '  checks:\n    disabled:\n      - tempdir\n',
  );
  expect(refused).toBeUndefined();
  expect(linter.warnings).toMatchObject([
    { package: 'words', linter: 'tempdir', items: ['var/tmp/a', 'var/tmp/b'] },
  ]);
  expect(log[0]).toMatch(/^warning \| words: \[tempdir\] /);
});

test('of many things the first fifty are kept', async () => {
  const pages = Array.from({ length: 80 }, (_, n) => file(`usr/share/man/${n + 100}.3`));
  const { linter, refused } = await look([...manual, ...pages]);
  expect(refused).toBeUndefined();
  const [warning] = linter.warnings.filter((one) => one.linter === 'maninfo');
  expect([warning?.items.length, warning?.items[0]]).toEqual([50, 'usr/share/man/100.3']);
});
