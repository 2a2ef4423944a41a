import { goJson } from '@kiln/oci';
import type { GoJsonValue } from '@kiln/oci';
import type { SpdxDocument, SpdxPackage } from './types.ts';

/** Canonical bytes of a document: fixed member order, Go's escaping, two spaces a level, a newline at the end. */
export function printSpdx(document: SpdxDocument): Uint8Array {
  const value: GoJsonValue = {
    SPDXID: 'SPDXRef-DOCUMENT',
    name: document.name,
    spdxVersion: 'SPDX-2.3',
    creationInfo: {
      created: document.created,
      creators: document.creators,
      licenseListVersion: document.licenseListVersion,
    },
    dataLicense: 'CC0-1.0',
    documentNamespace: document.namespace,
    documentDescribes: document.describes,
    packages: document.packages.map(packageValue),
    relationships: document.relationships.map(({ from, type, to }) => ({
      spdxElementId: from,
      relationshipType: type,
      relatedSpdxElement: to,
    })),
    hasExtractedLicensingInfos: list(
      document.extractedLicenses.map(({ id, text: extractedText }) => ({
        licenseId: id,
        extractedText,
      })),
    ),
  };
  return new TextEncoder().encode(`${goJson(value, { indent: 2 })}\n`);
}

function packageValue(p: SpdxPackage): GoJsonValue {
  return {
    SPDXID: p.id,
    name: p.name,
    versionInfo: text(p.version),
    filesAnalyzed: false,
    licenseConcluded: text(p.licenseConcluded),
    licenseDeclared: text(p.licenseDeclared),
    description: text(p.description),
    downloadLocation: p.downloadLocation,
    originator: text(p.originator),
    supplier: text(p.supplier),
    sourceInfo: text(p.sourceInfo),
    copyrightText: text(p.copyrightText),
    attributionText: text(p.attributionText),
    primaryPackagePurpose: text(p.purpose),
    checksums: list(p.checksums.map(({ algorithm, hex }) => ({ algorithm, checksumValue: hex }))),
    externalRefs: list(
      p.externalRefs.map(({ category, locator, type }) => ({
        referenceCategory: category,
        referenceLocator: locator,
        referenceType: type,
      })),
    ),
  };
}

function text(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function list<T extends GoJsonValue>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}
