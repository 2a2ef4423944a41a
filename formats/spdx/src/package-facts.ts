import type { Digest } from '@kiln/base';
import { hexOf } from '@kiln/base';
import { apkPurl } from './purl.ts';
import { barePackage, purlRef } from './types.ts';
import type { SpdxDocument, SpdxPackage } from './types.ts';
import { validPackage } from './valid.ts';

/** What is known of a package without its own document. */
export interface PackageFacts {
  readonly name: string;
  /** Full version. */
  readonly version: string;
  /** Of apk, such as `x86_64`. */
  readonly arch: string;
  /** As the package says it; "" where it does not. */
  readonly license: string;
  readonly description: string;
  /** Of its upstream; "" where it is not known. */
  readonly url: string;
  /** Of the whole `.apk` file: the package's identity. */
  readonly apk: Digest;
  /** The `ID` of os-release(5) of the system it belongs to, for a package URL where its own document has none. */
  readonly distribution: string;
}

/** What is put behind a name within a package to make it one that no other package has: 128 bits of the apk's digest. */
export function identitySuffix({ apk }: PackageFacts): string {
  return `-${hexOf(apk).slice(0, 32)}`;
}

/** The package of its own document that stands for the apk: the described one of its name, or the first that is described. */
export function describedPackage(
  { name }: PackageFacts,
  document: SpdxDocument | undefined,
): SpdxPackage | undefined {
  const described = new Set(document?.describes);
  const packages = (document?.packages ?? []).filter(({ id }) => described.has(id));
  return packages.find((one) => one.name === name) ?? packages[0];
}

/** The apk as a valid SPDX package: what its own document says of it, and from the facts what that does not say. */
export function apkPackage(facts: PackageFacts, own: SpdxPackage | undefined): SpdxPackage {
  const { name, version, arch, apk, distribution } = facts;
  const known = own === undefined ? bare(facts) : validPackage(own);
  const checksum = { algorithm: 'SHA256', hex: hexOf(apk) };
  const purl = apkPurl({ namespace: distribution, name, version, arch });
  const isNamed = known.externalRefs.some(({ type }) => type === 'purl');
  return {
    ...known,
    version: known.version || version,
    licenseDeclared: known.licenseDeclared || facts.license || 'NOASSERTION',
    supplier: known.supplier || known.originator || 'NOASSERTION',
    checksums: [checksum, ...known.checksums.filter(({ algorithm }) => algorithm !== 'SHA256')],
    externalRefs: [...(isNamed ? [] : [purlRef(purl)]), ...known.externalRefs],
  };
}

function bare({ name, description }: PackageFacts): SpdxPackage {
  return {
    ...barePackage('SPDXRef-Package', name),
    description,
    licenseConcluded: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    purpose: 'APPLICATION',
  };
}
