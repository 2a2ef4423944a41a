import { KilnError } from '@kiln/base';
import { CYCLONEDX_PREDICATE, SPDX_PREDICATE } from '@kiln/intoto';
import { signedPredicate } from '@kiln/trust';
import type { NamedImage } from './named-image.ts';
import { findManifest } from './pull.ts';

/** SPDX 2.3 or CycloneDX 1.6, both as JSON. */
export type BillFormat = 'spdx' | 'cyclonedx';

const predicateTypes: Readonly<Record<BillFormat, string>> = {
  spdx: SPDX_PREDICATE,
  cyclonedx: CYCLONEDX_PREDICATE,
};

/** The names of the formats. */
export const billFormats: readonly BillFormat[] = ['spdx', 'cyclonedx'];

export interface SignedBillRequest {
  readonly source: NamedImage;
  /** Of several platforms, as `findManifest` chooses. */
  readonly architecture: string;
  readonly format: BillFormat;
  /** Who must have signed it: ECDSA P-256 in PEM. */
  readonly imageKeyPem: string;
}

/**
 * The software bill of materials of an image for one architecture, which the key signed about exactly its manifest, as JSON text that ends
 * with a line feed. Throws `IMAGE_SBOM_NOT_FOUND`, `VERIFY_FAILED` for one that does not count, `KEYS_INVALID`, `IMAGE_NOT_FOUND`,
 * `IMAGE_CONTENT`, and what the source does.
 */
export async function signedBill(request: SignedBillRequest): Promise<string> {
  const { source, architecture, format, imageKeyPem } = request;
  const { digest } = await findManifest(source, architecture);
  const predicateType = predicateTypes[format];
  const found = await signedPredicate({ source, subject: digest, predicateType, imageKeyPem });
  switch (found.kind) {
    case 'absent':
      throw new KilnError('IMAGE_SBOM_NOT_FOUND', `${source.text} has no SBOM as ${format}`, {
        hint:
          format === 'cyclonedx'
            ? 'one that is composed has it where --sbom-formats spdx,cyclonedx says so'
            : 'images that a factory makes have one; a copy has it where its referrers were copied too',
      });
    case 'rejected':
      throw new KilnError(
        'VERIFY_FAILED',
        `the SBOM of ${source.text} does not count: ${found.reason}`,
        { hint: 'do not rely on it; kiln image sbom --key FILE believes another key' },
      );
    case 'signed':
      return `${JSON.stringify(found.predicate, null, 2)}\n`;
  }
}
