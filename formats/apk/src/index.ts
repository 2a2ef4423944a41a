export { checksumOf, isChecksum } from './checksum.ts';
export type { Control, ControlMember } from './control-read.ts';
export { readControl } from './control-read.ts';
export type { ControlOptions, ScriptName } from './control-segment.ts';
export { controlSegment, controlTar } from './control-segment.ts';
export { recordedSha1 } from './data-check.ts';
export type { DataFile } from './data-segment.ts';
export { checksumRecord, compareWalk, dataMembers, dataSegment } from './data-segment.ts';
export { firstPublicKey } from './first-public-key.ts';
export type { ApkIndex, IndexLimits, IndexTrust } from './index-file.ts';
export { printIndexMember, readIndex } from './index-file.ts';
export type { UnusualProvide } from './index-scan.ts';
export { mergeRecords } from './index-merge.ts';
export type { PrintIndexOptions } from './index-text.ts';
export { parseIndex, printIndex, recordOf } from './index-text.ts';
export { joinedLicenses } from './joined-licenses.ts';
export type { ParseInfoOptions } from './info-parse.ts';
export { parsePackageInfo } from './info-parse.ts';
export type { PrintInfoOptions } from './info-print.ts';
export { printPackageInfo } from './info-print.ts';
export type { IndexRecord, PackageInfo } from './package-info.ts';
export { emptyRecord } from './package-info.ts';
export type { OpenedPackage } from './package-open.ts';
export { openPackage } from './package-open.ts';
export type {
  PackageSource,
  SegmentedPackage,
  SegmentedPackageOptions,
} from './package-segmented.ts';
export { readSegmentedPackage } from './package-segmented.ts';
export type { PackageLimits } from './limits.ts';
export type { InstalledPackage } from './installed.ts';
export { parseInstalled } from './installed.ts';
export { defaultPackageLimits } from './limits.ts';
export { PackedIndex } from './packed-index.ts';
export type { ApkPackage, ReadPackageOptions } from './package-read.ts';
export { readPackage } from './package-read.ts';
export type { SignatureSegmentOptions } from './signature-segment.ts';
export {
  isKeyName,
  parseSignatures,
  signatureBytesMax,
  signatureSegment,
} from './signature-segment.ts';
export type { Unsigned } from './signature-split.ts';
export { splitSignatures } from './signature-split.ts';
export type { ApkSignature, Keyring, SignatureAlgorithm, VerifyOptions } from './signature.ts';
export { holds, signControl, signControlDigest, verifySignatures } from './signature.ts';
