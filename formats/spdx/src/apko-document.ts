import { KilnError } from '@kiln/base';

/** What a decoder reads into: a text, a truth value, a list of one kind, or an object of named members. */
type Shape = 'string' | 'boolean' | readonly [Shape] | { readonly [name: string]: Shape };

const checksum: Shape = { algorithm: 'string', checksumValue: 'string' };

const packageShape: Shape = {
  SPDXID: 'string',
  name: 'string',
  versionInfo: 'string',
  filesAnalyzed: 'boolean',
  licenseConcluded: 'string',
  licenseDeclared: 'string',
  description: 'string',
  downloadLocation: 'string',
  originator: 'string',
  supplier: 'string',
  sourceInfo: 'string',
  copyrightText: 'string',
  attributionText: 'string',
  primaryPackagePurpose: 'string',
  checksums: [checksum],
  externalRefs: [
    { referenceCategory: 'string', referenceLocator: 'string', referenceType: 'string' },
  ],
  packageVerificationCode: { packageVerificationCodeValue: 'string' },
};

const documentShape: Shape = {
  SPDXID: 'string',
  name: 'string',
  spdxVersion: 'string',
  creationInfo: { created: 'string', creators: ['string'], licenseListVersion: 'string' },
  dataLicense: 'string',
  documentNamespace: 'string',
  documentDescribes: ['string'],
  packages: [packageShape],
  relationships: [
    { spdxElementId: 'string', relationshipType: 'string', relatedSpdxElement: 'string' },
  ],
  externalDocumentRefs: [{ checksum, externalDocumentId: 'string', spdxDocument: 'string' }],
  hasExtractedLicensingInfos: [{ licenseId: 'string', extractedText: 'string' }],
};

/**
 * A document as apko decodes it: the case of names does not count, null stands for nothing, and one member of another type than
 * expected makes all of it unreadable, whether it is used or not. Throws `SPDX_INVALID`.
 */
export function apkoDocument(root: unknown): unknown {
  return decoded(root, documentShape, 'document');
}

function decoded(value: unknown, shape: Shape, name: string): unknown {
  if (typeof shape === 'string') return decodedScalar(value, shape, name);
  if (isList(shape)) {
    if (value === null) return [];
    if (!Array.isArray(value)) throw unexpected(name);
    return value.map((item: unknown) => decoded(item, shape[0], name));
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw unexpected(name);
  const shapes = new Map(
    Object.entries(shape).map(([key, one]) => [key.toLowerCase(), { key, one }]),
  );
  const members: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const known = shapes.get(key.toLowerCase());
    if (known !== undefined) members[known.key] = decoded(item, known.one, known.key);
  }
  return members;
}

function decodedScalar(value: unknown, shape: 'string' | 'boolean', name: string): unknown {
  if (value === null) return shape === 'string' ? '' : false;
  if (typeof value !== shape) throw unexpected(name);
  return typeof value === 'string' ? value.toWellFormed() : value;
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function unexpected(name: string): KilnError {
  return new KilnError('SPDX_INVALID', `not an SPDX 2 document: ${name} is of another type`);
}
