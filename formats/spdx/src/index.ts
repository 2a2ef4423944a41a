export { documentPieces } from './canonical.ts';
export { composeSpdx } from './compose.ts';
export type { CopiedSbom } from './copy.ts';
export { copyPackageSbom } from './copy.ts';
export { spdxFragment, spdxFragmentFormat } from './fragment.ts';
export { spdxId } from './identifier.ts';
export { isGoLicenseExpression } from './go-license-expression.ts';
export type { ImageFacts, OsRelease, SbomDialect } from './image-elements.ts';
export { ociPurl, unknownSystem } from './image-elements.ts';
export type { ImagePackage, ImageSbomInput } from './image-sbom.ts';
export { imageSbom } from './image-sbom.ts';
export type { IndexSbomInput } from './index-sbom.ts';
export { indexSbom } from './index-sbom.ts';
export { LicenceNames } from './licences.ts';
export { isLicenseExpression } from './license-expression.ts';
export { parseOsRelease } from './os-release.ts';
export type { PackageFacts } from './package-facts.ts';
export { apkPackage, describedPackage, identitySuffix } from './package-facts.ts';
export type { PackageSbomInput, RecipeSource } from './package-sbom.ts';
export { packageSbom } from './package-sbom.ts';
export type { GitCheckout, PackageSource, SourceChecksum } from './package-source.ts';
export { fetchSource, gitSource, recipePurl } from './package-source.ts';
export { parseSpdx, spdxBytesMax } from './parse.ts';
export { printSpdx } from './print.ts';
export type { PackageUrl } from './purl.ts';
export { apkPurl, printPurl } from './purl.ts';
export { validPackage } from './valid.ts';
export type {
  ExtractedLicense,
  SpdxChecksum,
  SpdxDocument,
  SpdxExternalRef,
  SpdxPackage,
  SpdxRelationship,
  SpdxTool,
} from './types.ts';
export { barePackage, purlRef } from './types.ts';
