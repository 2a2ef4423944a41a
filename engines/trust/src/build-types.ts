/**
 * The names under which Kiln's provenance says who built, and what the parameters mean (SLSA `builder.id` and
 * `buildType`). They are opaque identifiers; the README of this package defines the parameters.
 */
export const KILN_BUILDER_ID = 'kiln:builder/sandbox/v1';
export const IMAGE_BUILD_TYPE = 'kiln:build-type/image/v1';
/** An image that was laid over another one, and not tested itself. */
export const COMPOSITION_BUILD_TYPE = 'kiln:build-type/composition/v1';
export const PACKAGE_BUILD_TYPE = 'kiln:build-type/package/v1';
export const SEED_BUILD_TYPE = 'kiln:build-type/seed-package/v1';

/** The external parameters of a build type; any other name is refused. */
export interface ParameterNames {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

/** What a verifier accepts in provenance. */
export interface ProvenanceExpectations {
  readonly builderIds: readonly string[];
  readonly buildTypes: ReadonlyMap<string, ParameterNames>;
}

/** What Kiln itself emits for images. */
export const kilnImageExpectations: ProvenanceExpectations = {
  builderIds: [KILN_BUILDER_ID],
  buildTypes: new Map([
    [
      IMAGE_BUILD_TYPE,
      {
        required: ['name', 'configuration', 'architectures'],
        optional: ['repositories', 'tests', 'epochSeconds', 'compression', 'catalog', 'options'],
      },
    ],
    [
      COMPOSITION_BUILD_TYPE,
      {
        required: ['name', 'configuration', 'architectures', 'base', 'overlay'],
        optional: ['epochSeconds', 'compression'],
      },
    ],
  ]),
};

/** What Kiln itself emits for packages, in a factory and on the command line. */
export const kilnPackageExpectations: ProvenanceExpectations = {
  builderIds: [KILN_BUILDER_ID],
  buildTypes: new Map([
    [
      PACKAGE_BUILD_TYPE,
      {
        required: ['name', 'recipe', 'architecture'],
        optional: ['variables', 'epochSeconds', 'namespace'],
      },
    ],
    [
      SEED_BUILD_TYPE,
      { required: ['name', 'architecture', 'definition', 'epochSeconds'], optional: [] },
    ],
  ]),
};
