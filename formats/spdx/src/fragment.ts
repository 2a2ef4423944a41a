import type { Fragment } from '@kiln/json-fragments';
import { fragmentOf } from '@kiln/json-fragments';
import { licenseElement, packageElement, relationshipElement } from './canonical.ts';
import { closure } from './copy.ts';
import { imageId } from './compose.ts';
import { spdxId } from './identifier.ts';
import { LicenceNames } from './licences.ts';
import type { PackageFacts } from './package-facts.ts';
import { apkPackage, describedPackage, identitySuffix } from './package-facts.ts';
import type { SpdxDocument, SpdxPackage, SpdxRelationship } from './types.ts';
import { uniqueById } from './unique.ts';
import { validPackage, validRelationshipType } from './valid.ts';

/** The name of the form in which fragments are kept; it changes with what they say. */
export const spdxFragmentFormat = 'kiln-spdx/2';

/**
 * What a package adds to the SPDX document of every image that has it (`composeSpdx`): licences, packages and relationships,
 * from the package's own document (what it describes, everything related to that but files, and `CONTAINS` from the image), or from
 * the facts alone where it has none. Valid as it stands: identifiers end in 128 bits of the apk's digest, so they are no other
 * package's; what SPDX 2.3 does not allow is said to be not known; relations to what the document does not have are left out.
 */
export function spdxFragment(facts: PackageFacts, document: SpdxDocument | undefined): Fragment {
  const suffix = identitySuffix(facts);
  const { roots, packages, relationships } = contentOf(facts, document);
  const licences = new LicenceNames(document?.extractedLicenses ?? [], suffix);
  const elements = packages.map((p) => {
    const valid = validPackage(p);
    return packageElement({
      ...valid,
      id: `${p.id}${suffix}`,
      licenseConcluded: licences.expression(valid.licenseConcluded),
      licenseDeclared: licences.expression(valid.licenseDeclared),
    });
  });
  const related = [
    ...roots.map((root) => ({ from: imageId, type: 'CONTAINS', to: `${root}${suffix}` })),
    ...relationships.map(({ from, type, to }) => ({
      from: `${from}${suffix}`,
      type: validRelationshipType(type),
      to: `${to}${suffix}`,
    })),
  ];
  return fragmentOf([
    licences.extracted.map(licenseElement),
    elements,
    related.map(relationshipElement),
  ]);
}

interface Content {
  /** Identifiers of what the image contains. */
  readonly roots: readonly string[];
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly SpdxRelationship[];
}

/** Packages and relationships with the identifiers of the package's own document. */
function contentOf(facts: PackageFacts, document: SpdxDocument | undefined): Content {
  const own = describedPackage(facts, document);
  if (document === undefined || own === undefined) {
    const id = spdxId(['Package', 'apk', facts.name, facts.version]);
    return {
      packages: [{ ...apkPackage(facts, undefined), id }],
      roots: [id],
      relationships: [],
    };
  }
  const packages = uniqueById(document.packages);
  const known = new Set(packages.map(({ id }) => id));
  const relationships = document.relationships.filter(({ to }) => known.has(to));
  const included = closure(document.describes, relationships);
  return {
    packages: packages
      .filter(({ id }) => included.has(id))
      .map((p) => (p.id === own.id ? apkPackage(facts, p) : p)),
    roots: document.describes,
    relationships: relationships.filter(({ from }) => included.has(from)),
  };
}
