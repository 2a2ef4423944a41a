import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { classifyLicence } from './licence-classify.ts';
import { licenceReport } from './licence-report.ts';

const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url));

const judged = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'MPL-2.0',
  'BlueOak-1.0.0',
];

/** What the authors of packages say of their licence beside its text. */
function statements(): readonly { readonly said: string; readonly text: string }[] {
  return globSync('{*,@*/*}/package.json', { cwd: modules }).flatMap((file) => {
    const folder = join(modules, dirname(file));
    const { license } = JSON.parse(readFileSync(join(modules, file), 'utf8')) as {
      license?: unknown;
    };
    const texts = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].filter((name) =>
      existsSync(join(folder, name)),
    );
    const [name] = texts;
    if (typeof license !== 'string' || !judged.includes(license) || name === undefined) return [];
    return [{ said: license, text: readFileSync(join(folder, name), 'utf8') }];
  });
}

test('the licences of the packages that this repository depends on are recognised', () => {
  const all = statements();
  const right = all.filter(({ said, text }) => {
    const found = classifyLicence(text);
    return found.kind === 'known' && found.ids.includes(said);
  });
  expect(all.length).toBeGreaterThan(80);
  // Some say one thing and bring the text of another.
  expect(right.length / all.length).toBeGreaterThan(0.97);
});

/** Where Debian keeps the texts of the licences that many of its packages have. */
const common = '/usr/share/common-licenses/';

test.skipIf(!existsSync(common)).each([
  ['Apache-2.0', 'Apache-2.0'],
  ['Artistic', 'Artistic-1.0-Perl'],
  ['BSD', 'BSD-3-Clause'],
  ['CC0-1.0', 'CC0-1.0'],
  ['GPL-1', 'GPL-1.0'],
  ['GPL-2', 'GPL-2.0'],
  ['GPL-3', 'GPL-3.0'],
  ['LGPL-2', 'LGPL-2.0'],
  ['LGPL-2.1', 'LGPL-2.1'],
  ['LGPL-3', 'LGPL-3.0'],
  ['MPL-1.1', 'MPL-1.1'],
  ['MPL-2.0', 'MPL-2.0'],
])('the text of %s is recognised', (file, id) => {
  const path = join(common, file);
  if (!existsSync(path)) return;
  expect(classifyLicence(readFileSync(path, 'utf8'))).toEqual({ kind: 'known', ids: [id] });
});

const spdx = join(modules, 'spdx-license-list/licenses');
const known = (id: string): string | undefined => {
  const file = join(spdx, `${id}.json`);
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { licenseText: string }).licenseText;
};

test.each(['MIT', 'ISC', 'Zlib', 'BSD-3-Clause', 'Apache-2.0', 'MPL-2.0'])(
  'of %s with every 25th word changed about 0.96 are there, as melange says',
  (id) => {
    let words = 0;
    const text = (known(id) ?? '').replaceAll(/\S+/g, (word) => {
      words += 1;
      return words % 25 === 0 ? 'changed' : word;
    });
    const { detected } = licenceReport([{ path: 'LICENSE', text }], undefined, known);
    expect(detected.map((one) => one.id)).toEqual([id]);
    expect(detected[0]?.share).toBeGreaterThan(0.93);
    expect(detected[0]?.share).toBeLessThan(0.97);
  },
);
