import type { Digest } from '@kiln/base';
import { assert, digestOf, mapBounded } from '@kiln/base';
import type { BlobStore } from '@kiln/blobs';
import type { Key } from '@kiln/queue';
import type { PackageEvidence, Signer } from '@kiln/trust';
import { bundleOf, packageStatement } from '@kiln/trust';
import type { BuiltPackage, FactoryRecords } from './records.ts';

export interface AttestPorts {
  readonly blobs: BlobStore;
  readonly records: Pick<FactoryRecords, 'attestations' | 'recordAttestations' | 'recordLedger'>;
  readonly signer: Pick<Signer, 'signStatements'>;
}

/** How many statements are signed in one request. */
const signedAtOnce = 256;

/** How many blobs are written at once. */
const writtenAtOnce = 4;

/**
 * Signs the provenance of each package file and keeps it by the digest of the file. Statements are stored and recorded
 * before the signer is asked, because the signer signs recorded things only; the bundle holds the bytes of its own.
 */
export async function attestPackages(
  ports: AttestPorts,
  key: Key,
  evidence: readonly PackageEvidence[],
): Promise<void> {
  for (let at = 0; at < evidence.length; at += signedAtOnce)
    await attestSome(ports, key, evidence.slice(at, at + signedAtOnce));
}

async function attestSome(
  { blobs, records, signer }: AttestPorts,
  key: Key,
  evidence: readonly PackageEvidence[],
): Promise<void> {
  const statements = evidence.map((one) => {
    const { bytes, predicateType } = packageStatement(one);
    return { subject: one.apk, predicateType, bytes, digest: digestOf(bytes) };
  });
  await mapBounded(statements, writtenAtOnce, ({ bytes, digest }) => blobs.put(bytes, digest));
  await records.recordLedger(statements.map(({ digest }) => ({ kind: 'statement', digest, key })));
  const signatures = await signer.signStatements(statements.map(({ digest }) => digest));
  const signed = statements.map((one, index) => {
    const signature = signatures[index];
    assert(signature !== undefined, 'a signature for each statement');
    return { ...one, bundle: bundleOf(one.bytes, signature) };
  });
  const attestations = await mapBounded(signed, writtenAtOnce, async (one) => {
    const { subject, predicateType, digest } = one;
    const bundle = await blobs.put(one.bundle);
    await blobs.delete(digest);
    return { subject, predicateType, bundle: bundle.digest };
  });
  await records.recordAttestations(key, attestations);
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
