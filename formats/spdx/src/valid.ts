import type { SpdxChecksum, SpdxExternalRef, SpdxPackage } from './types.ts';

const hexDigits: Readonly<Record<string, number>> = {
  MD5: 32,
  SHA1: 40,
  SHA224: 56,
  SHA256: 64,
  SHA384: 96,
  SHA512: 128,
};

const purposes = new Set([
  'APPLICATION',
  'ARCHIVE',
  'CONTAINER',
  'DEVICE',
  'FILE',
  'FIRMWARE',
  'FRAMEWORK',
  'INSTALL',
  'LIBRARY',
  'OPERATING_SYSTEM',
  'OTHER',
  'SOURCE',
]);

/** SPDX 2.3, 11.1. */
const relationshipTypes = new Set(
  [
    'AMENDS ANCESTOR_OF BUILD_DEPENDENCY_OF BUILD_TOOL_OF CONTAINED_BY CONTAINS COPY_OF DATA_FILE_OF',
    'DEPENDENCY_MANIFEST_OF DEPENDENCY_OF DEPENDS_ON DESCENDANT_OF DESCRIBED_BY DESCRIBES DEV_DEPENDENCY_OF',
    'DEV_TOOL_OF DISTRIBUTION_ARTIFACT DOCUMENTATION_OF DYNAMIC_LINK EXAMPLE_OF EXPANDED_FROM_ARCHIVE FILE_ADDED',
    'FILE_DELETED FILE_MODIFIED GENERATED_FROM GENERATES HAS_PREREQUISITE METAFILE_OF OPTIONAL_COMPONENT_OF',
    'OPTIONAL_DEPENDENCY_OF OTHER PACKAGE_OF PATCH_APPLIED PATCH_FOR PREREQUISITE_FOR PROVIDED_DEPENDENCY_OF',
    'REQUIREMENT_DESCRIPTION_FOR RUNTIME_DEPENDENCY_OF SPECIFICATION_FOR STATIC_LINK TEST_CASE_OF TEST_DEPENDENCY_OF',
    'TEST_OF TEST_TOOL_OF VARIANT_OF',
  ].flatMap((line) => line.split(' ')),
);

/**
 * A package that SPDX 2.3 allows (clauses 7.4 to 7.24), from one that may be anything: what has another form is said to be not
 * known, or left out where it identifies the package. Licences are `licenceNames`'s.
 */
export function validPackage(p: SpdxPackage): SpdxPackage {
  const purpose = p.purpose.replaceAll('-', '_');
  return {
    ...p,
    name: p.name.toWellFormed(),
    version: p.version.toWellFormed(),
    description: p.description.toWellFormed(),
    downloadLocation: isDownloadLocation(p.downloadLocation) ? p.downloadLocation : 'NOASSERTION',
    originator: validActor(p.originator),
    supplier: validActor(p.supplier),
    sourceInfo: p.sourceInfo.toWellFormed(),
    copyrightText: p.copyrightText.toWellFormed(),
    attributionText: p.attributionText.toWellFormed(),
    purpose: purpose === '' || purposes.has(purpose) ? purpose : 'OTHER',
    checksums: p.checksums.filter(isChecksum),
    externalRefs: p.externalRefs.filter(isIdentifier),
  };
}

/** The type of a relationship; what SPDX does not know is `OTHER`. */
export function validRelationshipType(type: string): string {
  return relationshipTypes.has(type) ? type : 'OTHER';
}

/** A formatted string of CPE 2.3 (NISTIR 7695, 6.2). */
function isCpe(text: string): boolean {
  return (
    text.length <= 1024 &&
    /^cpe:2\.3:[aho*-](?::(?:[*-]|(?:\?*|\*?)(?:[A-Za-z0-9._-]|\\[!-/:-@[-`{-~])+(?:\?*|\*?))){10}$/.test(
      text,
    )
  );
}

/** The form of a package URL. */
function isPurl(text: string): boolean {
  return /^pkg:[A-Za-z.+-][\w.+-]*\/[!-~]+$/.test(text);
}

function validActor(text: string): string {
  if (text === '') return '';
  return /^(?:Person|Organization): \S.*$/.test(text) ? text.toWellFormed() : 'NOASSERTION';
}

function isDownloadLocation(text: string): boolean {
  return text === 'NONE' || /^(?:(?:git|hg|svn|bzr)\+)?[a-z]+:\/\/[!-~]+$/i.test(text);
}

function isChecksum({ algorithm, hex }: SpdxChecksum): boolean {
  return hex.length === hexDigits[algorithm] && /^[0-9a-f]+$/.test(hex);
}

/** Only those by which scanners find a package; everything else has more forms than anybody checks. */
function isIdentifier({ category, type, locator }: SpdxExternalRef): boolean {
  if (type === 'purl') return /^PACKAGE[-_]MANAGER$/.test(category) && isPurl(locator);
  return type === 'cpe23Type' && category === 'SECURITY' && isCpe(locator);
}
