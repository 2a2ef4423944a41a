import type { Digest } from '@kiln/base';
import { digestOf, mapBounded } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { Key } from '@kiln/queue';
import type { PackageEvidence, Signer } from '@kiln/trust';
import { packageStatement } from '@kiln/trust';
import type { BuiltPackage, FactoryRecords } from './records.ts';

export interface AttestPorts {
  readonly blobs: BlobStore;
  readonly records: Pick<FactoryRecords, 'attestations' | 'recordAttestations' | 'recordLedger'>;
  readonly signer: Signer;
}

/** How many statements are signed at once: a signature waits for a socket, the records and a blob. */
const signedAtOnce = 4;

/**
 * Signs the provenance of each package file and keeps it by the digest of the file. A statement is stored and recorded
 * before the signer is asked, because the signer signs recorded things only; the bundle holds its bytes.
 */
export async function attestPackages(
  ports: AttestPorts,
  key: Key,
  evidence: readonly PackageEvidence[],
): Promise<void> {
  const statements = evidence.map((one) => {
    const { bytes, predicateType } = packageStatement(one);
    return { subject: one.apk, predicateType, bytes, digest: digestOf(bytes) };
  });
  await ports.records.recordLedger(
    statements.map(({ digest }) => ({ kind: 'statement', digest, key })),
  );
  const attestations = await mapBounded(statements, signedAtOnce, async (one) => {
    const { subject, predicateType, bytes, digest } = one;
    await ports.blobs.put(bytes, digest);
    const bundle = await ports.blobs.put(await ports.signer.signStatement(digest));
    await ports.blobs.delete(digest);
    return { subject, predicateType, bundle: bundle.digest };
  });
  await ports.records.recordAttestations(key, attestations);
}

/** Those of which nothing says how they were made: it was lost, or never said. */
export async function unattested(
  ports: AttestPorts,
  packages: readonly BuiltPackage[],
): Promise<readonly BuiltPackage[]> {
  const said = await ports.records.attestations(packages.map((one) => one.apk));
  const attested = new Set<Digest>();
  for (const one of said)
    if ((await ports.blobs.stat(one.bundle)) !== undefined) attested.add(one.subject);
  return packages.filter((one) => !attested.has(one.apk));
}
