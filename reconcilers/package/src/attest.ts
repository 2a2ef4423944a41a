import type { BuildPlan } from '@kiln/build';
import { buildProvenance } from '@kiln/build/provenance';
import type { BuiltPackage, ResolvedInput } from '@kiln/factory';
import { attestPackages } from '@kiln/factory';
import type { Key } from '@kiln/queue';
import type { PackageReconcilerPorts } from './ports.ts';

export interface AttestRequest {
  readonly key: Key;
  readonly plan: BuildPlan;
  readonly packages: readonly BuiltPackage[];
  readonly inputs: readonly ResolvedInput[];
  /** Undefined: nobody knows any more when it was built. */
  readonly times: { readonly startedAt: number; readonly finishedAt: number } | undefined;
}

/** Signs how these packages of one build were made. */
export async function attestBuild(
  ports: PackageReconcilerPorts,
  { key, plan, packages, inputs, times }: AttestRequest,
): Promise<void> {
  const provenance = buildProvenance({ plan, inputs, times });
  await attestPackages(
    ports,
    key,
    packages.map(({ file, apk }) => ({ file, apk, provenance })),
  );
}
