import { KilnError } from '@kiln/base';
import { z } from 'zod';
import { firstIssue, resourceDescriptorSchema } from './statement.ts';
import type { ResourceDescriptor, Statement } from './statement.ts';

/** What SLSA provenance v1 says of one build. */
export interface Provenance {
  /** URI of the published document that defines the parameters. */
  readonly buildType: string;
  /** Everything a requester controls; complete, so that a verifier can refuse what it does not know. */
  readonly externalParameters: Readonly<Record<string, unknown>>;
  readonly internalParameters: Readonly<Record<string, unknown>>;
  /** Every input with its digest. */
  readonly resolvedDependencies: readonly ResourceDescriptor[];
  /** URI that alone determines how far the build is trusted. */
  readonly builderId: string;
  /** Component to version, possibly empty. */
  readonly builderVersion: Readonly<Record<string, string>>;
  readonly invocationId?: string;
  /** RFC 3339, UTC. Outside every artifact, so reproducibility does not suffer. */
  readonly startedOn?: string;
  readonly finishedOn?: string;
  readonly byproducts: readonly ResourceDescriptor[];
}

/** The predicate of `https://slsa.dev/provenance/v1`. */
export function slsaProvenance(provenance: Provenance): Readonly<Record<string, unknown>> {
  const { invocationId, startedOn, finishedOn } = provenance;
  return {
    buildDefinition: {
      buildType: provenance.buildType,
      externalParameters: provenance.externalParameters,
      internalParameters: provenance.internalParameters,
      resolvedDependencies: provenance.resolvedDependencies,
    },
    runDetails: {
      builder: { id: provenance.builderId, version: provenance.builderVersion },
      metadata: {
        ...(invocationId === undefined ? {} : { invocationId }),
        ...(startedOn === undefined ? {} : { startedOn }),
        ...(finishedOn === undefined ? {} : { finishedOn }),
      },
      byproducts: provenance.byproducts,
    },
  };
}

const time = z.iso.datetime({ offset: true });
const parameters = z.record(z.string(), z.unknown());
const dependency = resourceDescriptorSchema.refine(
  ({ uri, digest, content }) => uri !== undefined || digest !== undefined || content !== undefined,
  'a resource needs a uri, a digest or a content',
);

const provenanceSchema = z.object({
  buildDefinition: z.object({
    buildType: z.string().min(1),
    externalParameters: parameters,
    internalParameters: parameters.default({}),
    resolvedDependencies: z.array(dependency).max(100_000).default([]),
  }),
  runDetails: z.object({
    builder: z.object({
      id: z.string().min(1),
      version: z.record(z.string(), z.string()).default({}),
    }),
    metadata: z
      .object({
        invocationId: z.string().exactOptional(),
        startedOn: time.exactOptional(),
        finishedOn: time.exactOptional(),
      })
      .default({}),
    byproducts: z.array(resourceDescriptorSchema).max(10_000).default([]),
  }),
});

/** Reads the predicate of a SLSA provenance v1 statement. Throws `INTOTO_PREDICATE_INVALID`. */
export function parseProvenance(predicate: Statement['predicate']): Provenance {
  const parsed = provenanceSchema.safeParse(predicate);
  if (!parsed.success) {
    throw new KilnError('INTOTO_PREDICATE_INVALID', `provenance: ${firstIssue(parsed.error)}`);
  }
  const { buildDefinition, runDetails } = parsed.data;
  return {
    ...buildDefinition,
    builderId: runDetails.builder.id,
    builderVersion: runDetails.builder.version,
    ...runDetails.metadata,
    byproducts: runDetails.byproducts,
  };
}
