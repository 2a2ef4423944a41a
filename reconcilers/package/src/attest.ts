import { digestOf } from '@kiln/base';
import type { BuildPlan } from '@kiln/build';
import { buildProvenance } from '@kiln/build/provenance';
import type { BuiltPackage, PackageAttestation, ResolvedInput } from '@kiln/factory';
import type { Key } from '@kiln/queue';
import { packageStatement } from '@kiln/trust';
import type { PackageReconcilerPorts } from './ports.ts';

export interface AttestRequest {
  readonly key: Key;
  readonly plan: BuildPlan;
  readonly packages: readonly BuiltPackage[];
  readonly inputs: readonly ResolvedInput[];
  /** Undefined: nobody knows any more when it was built. */
  readonly times: { readonly startedAt: number; readonly finishedAt: number } | undefined;
}

/**
 * Signs the provenance of each package and keeps it by the digest of the package's file. A statement is stored and
 * recorded before the signer is asked, because the signer signs recorded things only; the bundle holds its bytes.
 */
export async function attestPackages(
  ports: PackageReconcilerPorts,
  { key, plan, packages, inputs, times }: AttestRequest,
): Promise<void> {
  const provenance = buildProvenance({ plan, inputs, times });
  const attestations: PackageAttestation[] = [];
  for (const { file, apk } of packages) {
    const { bytes, predicateType } = packageStatement({ file, apk, provenance });
    const digest = digestOf(bytes);
    await ports.blobs.put(bytes, digest);
    await ports.records.recordLedger([{ kind: 'statement', digest, key }]);
    const bundle = await ports.blobs.put(await ports.signer.signStatement(digest));
    attestations.push({ subject: apk, predicateType, bundle: bundle.digest });
    await ports.blobs.delete(digest);
  }
  await ports.records.recordAttestations(key, attestations);
}
