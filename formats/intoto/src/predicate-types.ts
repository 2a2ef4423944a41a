/** An image signature in the bundle scheme of cosign: a statement with an empty predicate. */
export const COSIGN_SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
/** SLSA provenance v1. */
export const SLSA_PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';
/** An SPDX 2.x document as predicate. */
export const SPDX_PREDICATE = 'https://spdx.dev/Document';
/** A CycloneDX document as predicate. */
export const CYCLONEDX_PREDICATE = 'https://cyclonedx.org/bom';
/** The locked apko image configuration: what is needed to assemble the image again. */
export const APKO_CONFIGURATION_PREDICATE = 'https://apko.dev/image-configuration';
/** in-toto test result v0.1. */
export const TEST_RESULT_PREDICATE = 'https://in-toto.io/attestation/test-result/v0.1';
