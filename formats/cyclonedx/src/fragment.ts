import type { Fragment } from '@kiln/json-fragments';
import { fragmentOf } from '@kiln/json-fragments';
import { apkPackage, describedPackage, identitySuffix, validPackage } from '@kiln/spdx';
import type { PackageFacts, SpdxDocument, SpdxPackage } from '@kiln/spdx';
import { bareComponent, componentValue, externalReference, supplierName } from './component.ts';

/** The name of the form in which fragments are kept; it changes with what they say. */
export const cyclonedxFragmentFormat = 'kiln-cyclonedx/1';

/**
 * What a package adds to the CycloneDX document of every image that has it (`composeCyclonedx`): its component, and its
 * reference among what the image consists of; from its own SPDX document, or from the facts alone where it has none.
 */
export function cyclonedxFragment(
  facts: PackageFacts,
  document: SpdxDocument | undefined,
): Fragment {
  const described = describedPackage(facts, document);
  const apk = apkPackage(facts, described);
  const reference = `${facts.name}-${facts.version}${identitySuffix(facts)}`;
  const locator = (type: string): string =>
    apk.externalRefs.find((one) => one.type === type)?.locator ?? '';
  const component = {
    ...bareComponent({
      type: 'library',
      reference,
      name: facts.name,
      version: facts.version,
    }),
    description: facts.description,
    supplier: supplierName(apk),
    license: apk.licenseDeclared,
    purl: locator('purl'),
    cpe: locator('cpe23Type'),
    checksums: apk.checksums,
    references: [
      ...externalReference('website', facts.url),
      ...sourcesOf(document, described).flatMap((source) =>
        externalReference('source-distribution', source.downloadLocation, source.checksums),
      ),
    ],
  };
  return fragmentOf([[JSON.stringify(componentValue(component))], [JSON.stringify(reference)]]);
}

/** What the package's own document says that it was generated from. */
function sourcesOf(
  document: SpdxDocument | undefined,
  described: SpdxPackage | undefined,
): readonly SpdxPackage[] {
  const ids = new Set(
    (document?.relationships ?? []).flatMap(({ from, type, to }) =>
      from === described?.id && type === 'GENERATED_FROM' ? [to] : [],
    ),
  );
  return (document?.packages ?? []).filter(({ id }) => ids.has(id)).map(validPackage);
}
