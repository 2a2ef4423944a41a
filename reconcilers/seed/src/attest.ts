import type { AttestPorts, BuiltPackage, ResolvedInput, SeedBundle } from '@kiln/factory';
import { attestPackages } from '@kiln/factory';
import type { Provenance } from '@kiln/intoto';
import type { Key } from '@kiln/queue';
import { KILN_BUILDER_ID, SEED_BUILD_TYPE } from '@kiln/trust';

/** What wraps, as provenance names it. */
export interface SeedBuilder {
  readonly name: string;
  readonly version: string;
}

export interface AttestSeedRequest {
  readonly key: Key;
  readonly bundle: SeedBundle;
  readonly packages: readonly BuiltPackage[];
  /** The Debian packages, each under the name of the package that wraps it. */
  readonly inputs: readonly ResolvedInput[];
}

/** Signs of each package which Debian package it wraps, and by which definition. */
export async function attestSeed(
  ports: AttestPorts & { readonly builder: SeedBuilder },
  { key, bundle, packages, inputs }: AttestSeedRequest,
): Promise<void> {
  const wrapped = Map.groupBy(inputs, ({ name }) => name);
  const evidence = packages.map(({ file, apk, record: { name } }) => {
    const debian = wrapped.get(name) ?? [];
    return { file, apk, provenance: provenanceOf({ name, bundle, debian }, ports.builder) };
  });
  await attestPackages(ports, key, evidence);
}

interface Wrapped {
  readonly name: string;
  readonly bundle: SeedBundle;
  /** None for the base package and aliases, which the definition alone makes. */
  readonly debian: readonly ResolvedInput[];
}

function provenanceOf({ name, bundle, debian }: Wrapped, builder: SeedBuilder): Provenance {
  const { arch, epochSeconds, source, additions = [] } = bundle;
  return {
    buildType: SEED_BUILD_TYPE,
    externalParameters: {
      name,
      architecture: arch,
      definition: [source, ...additions.map(({ text }) => text)],
      epochSeconds,
    },
    internalParameters: {},
    resolvedDependencies: debian,
    builderId: KILN_BUILDER_ID,
    builderVersion: { [builder.name]: builder.version },
    byproducts: [],
  };
}
