import { compileRecipe, parseRecipe } from '@kiln/recipe';
import { isLicenseExpression, parseSpdx, type SpdxDocument } from '@kiln/spdx';
import { expect, test } from 'vitest';
import { planBuild } from './plan.ts';
import { sbomOf } from './sbom.ts';

const texts = ['ISC', 'LicenseRef-customfoo', 'MIT+'].map((id) => ({ id, text: `text of ${id}` }));

function documentOf(dialect: 'kiln' | 'melange'): SpdxDocument {
  const recipe = `package:
  name: odd
  version: "1"
  epoch: 0
  copyright: [{license: MIT+, license-path: a}, {license: ISC or 0BSD}, {license: "custom:foo"}, {license: ISC, license-path: a}]
`;
  const compiled = compileRecipe({
    recipe: parseRecipe(recipe, { file: 'odd.yaml', dialect }),
    arch: 'x86_64',
    pipelines: () => undefined,
  });
  const plan = planBuild({
    compiled,
    sideFiles: [],
    environment: [],
    variables: {},
    sourceDateEpoch: 1,
    namespace: 'example',
    builder: { name: 'kiln', version: '1' },
    recipeSource: { file: 'odd.yaml', commit: 'x', purl: '', license: 'Apache-2.0+' },
  });
  return parseSpdx(sbomOf(plan, compiled.package, texts));
}

test('everything is valid in SPDX, with the texts of those licences alone that are not on its list', () => {
  const { packages, extractedLicenses } = documentOf('kiln');
  const named = new Map(extractedLicenses.map(({ id, text }) => [id, text]));
  const declared = packages.map(({ licenseDeclared }) => licenseDeclared);
  expect(declared.every((one) => one === 'NOASSERTION' || isLicenseExpression(one))).toBe(true);
  expect(
    declared.map((one) => one.replaceAll(/LicenseRef-[\w.-]+/g, (id) => `{${named.get(id)}}`)),
  ).toEqual(
    expect.arrayContaining([
      '{MIT+} AND (ISC OR 0BSD) AND {text of LicenseRef-customfoo} AND ISC',
      '{Apache-2.0+}',
    ]),
  );
  expect(extractedLicenses).toHaveLength(3);
  expect(packages.map(({ purpose }) => purpose)).toContain('OPERATING_SYSTEM');
});

test('of melange, everything stands as it is written', () => {
  const { packages, extractedLicenses } = documentOf('melange');
  expect(packages.map(({ licenseDeclared }) => licenseDeclared)).toContain('Apache-2.0+');
  expect(extractedLicenses).toEqual(texts);
  expect(packages.map(({ purpose }) => purpose)).toContain('OPERATING-SYSTEM');
});
