export type { CopiedSbom } from './copy.ts';
export { copyPackageSbom } from './copy.ts';
export { spdxId } from './identifier.ts';
export type {
  ImagePackage,
  ImageSbomInput,
  IndexSbomInput,
  OsRelease,
  SbomDialect,
} from './image-sbom.ts';
export { imageSbom, indexSbom } from './image-sbom.ts';
export { isLicenseExpression } from './license-expression.ts';
export { parseOsRelease } from './os-release.ts';
export type { GitCheckout, PackageSbomInput, PackageSource, RecipeSource } from './package-sbom.ts';
export { apkPurl, fetchSource, gitSource, packageSbom, recipePurl } from './package-sbom.ts';
export { parseSpdx, spdxBytesMax } from './parse.ts';
export { printSpdx } from './print.ts';
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
