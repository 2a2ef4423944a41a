import { apkoSubcommands, subcommands } from '@kiln/cli';
import { expect, test } from 'vitest';
import { flagTable, subcommandTable } from './drop-in.ts';
import { generated, readText } from './repository.ts';

test.each([
  ['docs/melange.md', subcommands],
  ['docs/apko.md', apkoSubcommands],
])('%s lists subcommands and flags as they are (KILN_UPDATE=1 rewrites it)', async (file, all) => {
  const loaded = await Promise.all(Object.values(all).map((entry) => entry.load()));
  let page = readText(file);
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
  const { found, wanted } = generated(file, page);
  expect(found).toBe(wanted);
});
