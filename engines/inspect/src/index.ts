export { askedOf } from './asked.ts';
export type { AskedRequest } from './asked.ts';
export { readImageContents } from './contents.ts';
export type { FileFacts, ImageContents } from './contents.ts';
export { compareCompositions, compareImages } from './difference.ts';
export type {
  ComparedComposition,
  ComparedImage,
  ComparedPackage,
  CompositionDifference,
  FileDifference,
  ImageDifference,
  PackageDifference,
  SettingDifference,
} from './difference.ts';
export type { NamedImage } from './named-image.ts';
export { readPackageDatabase } from './package-database.ts';
export type { PackageDatabase, PackageDatabaseLimits } from './package-database.ts';
export { blamingDamage, layerArchives, pullImage } from './pull.ts';
export type { PulledImage } from './pull.ts';
export { packageReason } from './reason.ts';
export type { ExplainedImage, PackageReason } from './reason.ts';
export { billFormats, signedBill } from './signed-bill.ts';
export type { BillFormat, SignedBillRequest } from './signed-bill.ts';
export { whyLines, whyStepText } from './why-text.ts';
export type { AskedEntries, NeedingPackage, WhyKind, WhyStep } from './why.ts';
