import { expect, test } from 'vitest';
import { pipelineTable } from './pipelines.ts';
import { generated, readText } from './repository.ts';

test('docs/recipes.md lists the pipelines as they are (KILN_UPDATE=1 rewrites it)', () => {
  const page = readText('docs/recipes.md');
  const place = /(<!-- pipelines -->\n)[\s\S]*(<!-- \/pipelines -->)/;
  expect(page).toMatch(place);
  const { found, wanted } = generated(
    'docs/recipes.md',
    page.replace(place, (_all, before: string, after: string) =>
      [before, '\n', pipelineTable(), '\n\n', after].join(''),
    ),
  );
  expect(found).toBe(wanted);
});
