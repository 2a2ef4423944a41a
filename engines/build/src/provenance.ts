import { hexOf } from '@kiln/base';
import type { Provenance, ResourceDescriptor } from '@kiln/intoto';
import { printCompiled } from '@kiln/recipe';
import { KILN_BUILDER_ID, PACKAGE_BUILD_TYPE } from '@kiln/trust';
import type { BuildPlan } from './plan.ts';

export interface BuildProvenanceRequest {
  readonly plan: BuildPlan;
  /** Sources and packages of the environment by digest; the side files are the plan's. */
  readonly inputs: readonly ResourceDescriptor[];
  /** Milliseconds since 1970; undefined where they are not known any more. */
  readonly times?: { readonly startedAt: number; readonly finishedAt: number } | undefined;
}

/** What SLSA provenance says of a build: its parameters are the compiled recipe and what the plan adds to it. */
export function buildProvenance({ plan, inputs, times }: BuildProvenanceRequest): Provenance {
  const { compiled, builder, sideFiles } = plan;
  return {
    buildType: PACKAGE_BUILD_TYPE,
    externalParameters: {
      name: compiled.package.name,
      recipe: JSON.parse(printCompiled(compiled)) as unknown,
      architecture: compiled.arch,
      variables: plan.variables,
      epochSeconds: plan.sourceDateEpoch,
      namespace: plan.namespace,
    },
    internalParameters: { action: plan.action },
    resolvedDependencies: [
      ...inputs,
      ...sideFiles.map(({ path, digest }): ResourceDescriptor => ({
        name: path,
        digest: { sha256: hexOf(digest) },
      })),
    ],
    builderId: KILN_BUILDER_ID,
    builderVersion: { [builder.name]: builder.version },
    ...(times === undefined
      ? {}
      : { startedOn: rfc3339(times.startedAt), finishedOn: rfc3339(times.finishedAt) }),
    byproducts: [],
  };
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
