import { KilnError } from '@kiln/base';
import type { SpdxDocument, SpdxPackage, SpdxRelationship } from './types.ts';

/** What a package's document adds to an image's. */
export type CopiedSbom = Pick<SpdxDocument, 'packages' | 'relationships' | 'extractedLicenses'>;

/**
 * The part of a package's document that belongs into an image's: what it describes and everything related to that,
 * except for files, and one `CONTAINS` relationship from the owner to each root.
 * Throws `SPDX_INVALID` when a related element is no package of the document.
 */
export function copyPackageSbom(
  document: SpdxDocument,
  into: { readonly owner: string; readonly supplier: string; readonly package: string },
): CopiedSbom {
  const relationships = document.relationships.filter(({ to }) => !to.startsWith('SPDXRef-File-'));
  const included = closure(document.describes, relationships);
  const packages = document.packages.filter(({ id }) => included.has(id));
  const known = new Set(packages.map(({ id }) => id));
  const missing = [...included].filter((id) => !known.has(id));
  if (missing.length > 0) {
    throw new KilnError(
      'SPDX_INVALID',
      `unable to find ${missing.length} elements in the SBOM of ${into.package}`,
      {
        details: { missing: missing.slice(0, 20), package: into.package },
      },
    );
  }
  return {
    packages: packages.map((p) => withSupplier(p, into.supplier)),
    relationships: [
      ...relationships.filter(({ from }) => included.has(from)),
      ...document.describes.map((root) => ({ from: into.owner, type: 'CONTAINS', to: root })),
    ],
    extractedLicenses: document.extractedLicenses,
  };
}

/** What relationships lead to from the roots, the roots among it. */
export function closure(
  roots: readonly string[],
  relationships: readonly SpdxRelationship[],
): Set<string> {
  const targets = Map.groupBy(relationships, ({ from }) => from);
  const included = new Set(roots);
  // A set grows while it is iterated, so this reaches everything.
  for (const id of included) for (const { to } of targets.get(id) ?? []) included.add(to);
  return included;
}

function withSupplier(p: SpdxPackage, supplier: string): SpdxPackage {
  const originator = p.originator || supplier;
  return { ...p, originator, supplier: p.supplier || originator };
}
