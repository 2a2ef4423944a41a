/** An SPDX 2.3 document, as far as Kiln writes and copies it. */
export interface SpdxDocument {
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly creators: readonly string[];
  readonly licenseListVersion: string;
  readonly namespace: string;
  /** Identifiers of the described packages. */
  readonly describes: readonly string[];
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly SpdxRelationship[];
  readonly extractedLicenses: readonly ExtractedLicense[];
}

/** A package; absent texts are "". */
export interface SpdxPackage {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly licenseConcluded: string;
  readonly licenseDeclared: string;
  readonly description: string;
  readonly downloadLocation: string;
  readonly originator: string;
  readonly supplier: string;
  readonly sourceInfo: string;
  readonly copyrightText: string;
  readonly attributionText: string;
  readonly purpose: string;
  readonly checksums: readonly SpdxChecksum[];
  readonly externalRefs: readonly SpdxExternalRef[];
}

export interface SpdxChecksum {
  /** `SHA1`, `SHA256`, `SHA512`. */
  readonly algorithm: string;
  readonly hex: string;
}

export interface SpdxExternalRef {
  readonly category: string;
  readonly locator: string;
  readonly type: string;
}

export interface SpdxRelationship {
  readonly from: string;
  readonly type: string;
  readonly to: string;
}

export interface ExtractedLicense {
  readonly id: string;
  readonly text: string;
}

/** The program that writes a document. */
export interface SpdxTool {
  readonly name: string;
  readonly version: string;
}

/** A package with nothing known but identifier and name. */
export function barePackage(id: string, name: string): SpdxPackage {
  return {
    id,
    name,
    version: '',
    licenseConcluded: '',
    licenseDeclared: '',
    description: '',
    downloadLocation: 'NOASSERTION',
    originator: '',
    supplier: '',
    sourceInfo: '',
    copyrightText: '',
    attributionText: '',
    purpose: '',
    checksums: [],
    externalRefs: [],
  };
}

/** A package URL as an external reference. */
export function purlRef(purl: string): SpdxExternalRef {
  return { category: 'PACKAGE-MANAGER', locator: purl, type: 'purl' };
}
