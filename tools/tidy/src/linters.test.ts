import { expect, test } from 'vitest';
import { linterTable } from './linters.ts';
import { generated, readText } from './repository.ts';

test('docs/linters.md lists the linters as they are (KILN_UPDATE=1 rewrites it)', () => {
  const page = readText('docs/linters.md');
  const place = /(<!-- linters -->\n)[\s\S]*(<!-- \/linters -->)/;
  expect(page).toMatch(place);
  const { found, wanted } = generated(
    'docs/linters.md',
    page.replace(place, (_all, before: string, after: string) =>
      [before, '\n', linterTable(), '\n\n', after].join(''),
    ),
  );
  expect(found).toBe(wanted);
});
