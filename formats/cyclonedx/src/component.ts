import type { SpdxChecksum, SpdxPackage } from '@kiln/spdx';
import { isLicenseExpression } from '@kiln/spdx';

/** A component (CycloneDX 1.6); absent texts are "". Printed in the bytewise order of its members: canonical JSON. */
export interface Component {
  readonly type: 'container' | 'library' | 'operating-system';
  /** Unique within a document. */
  readonly reference: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly supplier: string;
  readonly license: string;
  readonly purl: string;
  readonly cpe: string;
  /** SHA-256 and so on, as in SPDX. */
  readonly checksums: readonly SpdxChecksum[];
  readonly references: readonly ExternalReference[];
}

export interface ExternalReference {
  readonly type: 'website' | 'source-distribution';
  readonly url: string;
  readonly checksums: readonly SpdxChecksum[];
}

/** A component of which only what it is is known. */
export function bareComponent(
  known: Pick<Component, 'type' | 'reference' | 'name' | 'version'>,
): Component {
  return {
    ...known,
    description: '',
    supplier: '',
    license: '',
    purl: '',
    cpe: '',
    checksums: [],
    references: [],
  };
}

/** The component as JSON values. */
export function componentValue(component: Component): object {
  return {
    'bom-ref': component.reference,
    cpe: text(component.cpe),
    description: text(component.description),
    externalReferences: list(component.references.map(referenceValue)),
    hashes: list(component.checksums.flatMap(hashValues)),
    licenses: list(licenseValues(component.license)),
    name: component.name,
    purl: text(component.purl),
    supplier: component.supplier === '' ? undefined : { name: component.supplier },
    type: component.type,
    version: text(component.version),
  };
}

/** The organisation or person that supplies a package; "" where it is not said. */
export function supplierName({ supplier }: Pick<SpdxPackage, 'supplier'>): string {
  return /^(?:Organization|Person): (.+)$/.exec(supplier)?.[1]?.toWellFormed() ?? '';
}

/** An address as a reference in which no strict reader finds a forbidden character; none where it is no address. */
export function externalReference(
  type: ExternalReference['type'],
  address: string,
  checksums: readonly SpdxChecksum[] = [],
): readonly ExternalReference[] {
  if (!/^(?:git\+)?https?:/.test(address) || !URL.canParse(address)) return [];
  const { href } = new URL(address);
  const isPlain = /^(?:[\w.~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/.test(href);
  return isPlain ? [{ type, url: href, checksums }] : [];
}

const algorithms: Readonly<Record<string, string>> = {
  MD5: 'MD5',
  SHA1: 'SHA-1',
  SHA256: 'SHA-256',
  SHA384: 'SHA-384',
  SHA512: 'SHA-512',
};

function hashValues({ algorithm, hex }: SpdxChecksum): object[] {
  const alg = algorithms[algorithm];
  return alg === undefined ? [] : [{ alg, content: hex }];
}

function referenceValue({ type, url, checksums }: ExternalReference): object {
  return { hashes: list(checksums.flatMap(hashValues)), type, url };
}

function licenseValues(license: string): object[] {
  if (license === '' || license === 'NOASSERTION' || license === 'NONE') return [];
  return isLicenseExpression(license)
    ? [{ expression: license }]
    : [{ license: { name: license.toWellFormed() } }];
}

function text(value: string): string | undefined {
  return value === '' ? undefined : value.toWellFormed();
}

function list(values: readonly object[]): readonly object[] | undefined {
  return values.length === 0 ? undefined : values;
}
