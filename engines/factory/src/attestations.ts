import type { Digest } from '@kiln/base';
import { SLSA_PROVENANCE_PREDICATE } from '@kiln/intoto';
import type { FactoryRecords } from './records.ts';

/** Behind the name of a package's file: where its provenance is, a Sigstore bundle. */
export const provenanceSuffix = '.provenance.sigstore.json';

/** The bundle that says how a package file was made, undefined when nothing says it. */
export async function provenanceOf(
  records: Pick<FactoryRecords, 'attestations'>,
  apk: Digest,
): Promise<Digest | undefined> {
  const said = await records.attestations([apk]);
  return said.find((one) => one.predicateType === SLSA_PROVENANCE_PREDICATE)?.bundle;
}
