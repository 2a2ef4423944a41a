import { KilnError, shorten } from '@kiln/base';
import { apkoDocument } from './apko-document.ts';
import type { ExtractedLicense, SpdxDocument, SpdxPackage, SpdxRelationship } from './types.ts';

/** Largest document that is read. */
export const spdxBytesMax: number = 64 * 1024 * 1024;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads an SPDX 2.x document in JSON; unknown members are dropped and texts that are no texts read as "". What the
 * document describes is the union of `documentDescribes` and the `DESCRIBES` relationships of the document, restricted
 * to packages that exist. Dialect `apko` asks neither which version it is nor what
 * identifiers are made of, and otherwise reads as `apkoDocument`. Throws `SPDX_INVALID`.
 */
export function parseSpdx(bytes: Uint8Array, dialect: 'kiln' | 'apko' = 'kiln'): SpdxDocument {
  const root = parseRoot(bytes, dialect);
  const creation = isMembers(root['creationInfo']) ? root['creationInfo'] : {};
  const packages = membersList(root, 'packages').map((one) => packageOf(one, dialect));
  const relationships = membersList(root, 'relationships').map(relationshipOf);
  const ids = new Set(packages.map(({ id }) => id));
  const described = relationships.flatMap(({ from, type, to }) =>
    from === 'SPDXRef-DOCUMENT' && type === 'DESCRIBES' ? [to] : [],
  );
  return {
    name: text(root, 'name'),
    created: text(creation, 'created'),
    creators: texts(creation, 'creators'),
    licenseListVersion: text(creation, 'licenseListVersion'),
    namespace: text(root, 'documentNamespace'),
    describes: [...new Set([...texts(root, 'documentDescribes'), ...described])].filter((id) =>
      ids.has(id),
    ),
    packages,
    relationships,
    extractedLicenses: membersList(root, 'hasExtractedLicensingInfos').map(licenseOf),
  };
}

function parseRoot(bytes: Uint8Array, dialect: 'kiln' | 'apko'): Members {
  if (bytes.length > spdxBytesMax) throw invalid(`${bytes.length} bytes exceed ${spdxBytesMax}`);
  let root: unknown;
  try {
    root = JSON.parse(decoder(dialect).decode(bytes));
  } catch (cause) {
    throw invalid('not JSON in UTF-8', cause);
  }
  if (dialect === 'apko') root = apkoDocument(root);
  if (!isMembers(root)) throw invalid('not an object');
  const version = text(root, 'spdxVersion');
  if (dialect === 'kiln' && !version.startsWith('SPDX-2.'))
    throw invalid(`version "${shorten(version)}" is not SPDX 2`);
  return root;
}

/** To apko a byte order mark is no JSON, and what is no UTF-8 is. */
function decoder(dialect: 'kiln' | 'apko'): TextDecoder {
  const isApko = dialect === 'apko';
  return new TextDecoder('utf-8', { fatal: !isApko, ignoreBOM: isApko });
}

function packageOf(members: Members, dialect: 'kiln' | 'apko'): SpdxPackage {
  const id = text(members, 'SPDXID');
  if (dialect === 'kiln' && !/^SPDXRef-[a-zA-Z0-9.-]+$/.test(id))
    throw invalid(`identifier "${shorten(id)}" of a package`);
  return {
    id,
    name: text(members, 'name'),
    version: text(members, 'versionInfo'),
    licenseConcluded: text(members, 'licenseConcluded'),
    licenseDeclared: text(members, 'licenseDeclared'),
    description: text(members, 'description'),
    downloadLocation: text(members, 'downloadLocation'),
    originator: text(members, 'originator'),
    supplier: text(members, 'supplier'),
    sourceInfo: text(members, 'sourceInfo'),
    copyrightText: text(members, 'copyrightText'),
    attributionText: text(members, 'attributionText'),
    purpose: text(members, 'primaryPackagePurpose'),
    checksums: membersList(members, 'checksums').map((c) => ({
      algorithm: text(c, 'algorithm'),
      hex: text(c, 'checksumValue'),
    })),
    externalRefs: membersList(members, 'externalRefs').map((r) => ({
      category: text(r, 'referenceCategory'),
      locator: text(r, 'referenceLocator'),
      type: text(r, 'referenceType'),
    })),
  };
}

function relationshipOf(members: Members): SpdxRelationship {
  return {
    from: text(members, 'spdxElementId'),
    type: text(members, 'relationshipType'),
    to: text(members, 'relatedSpdxElement'),
  };
}

function licenseOf(members: Members): ExtractedLicense {
  return { id: text(members, 'licenseId'), text: text(members, 'extractedText') };
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(members: Members, name: string): string {
  const value = members[name];
  return typeof value === 'string' ? value : '';
}

function texts(members: Members, name: string): string[] {
  const value = members[name];
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : [];
}

function membersList(members: Members, name: string): Members[] {
  const value = members[name] ?? [];
  if (!Array.isArray(value) || !value.every(isMembers))
    throw invalid(`${name} is not a list of objects`);
  return value;
}

function invalid(why: string, cause?: unknown): KilnError {
  return new KilnError('SPDX_INVALID', `not an SPDX 2 document: ${why}`, { cause });
}
