import { subcommands } from '@kiln/cli';
import { expect, test } from 'vitest';
import { flagTable, subcommandTable } from './melange.ts';
import { generated, readText } from './repository.ts';

const loaded = await Promise.all(Object.values(subcommands).map((entry) => entry.load()));

test('docs/melange.md lists subcommands and flags as they are (KILN_UPDATE=1 rewrites it)', () => {
  let page = readText('docs/melange.md');
  for (const [name, table] of [
    ['subcommands', subcommandTable(loaded)],
    ['flags', flagTable(loaded)],
  ] as const) {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*(<!-- /${name} -->)`);
    expect(page).toMatch(place);
    page = page.replace(place, (_all, before: string, after: string) =>
      [before, '\n', table, '\n\n', after].join(''),
    );
  }
  const { found, wanted } = generated('docs/melange.md', page);
  expect(found).toBe(wanted);
});
