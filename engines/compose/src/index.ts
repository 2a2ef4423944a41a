export type { ComposeRequest } from './compose-image.ts';
export { composeImage } from './compose-image.ts';
export type { PackageSetInput, PackageSetPorts, SetPackage } from './package-set.ts';
export { PackageSet } from './package-set.ts';
export { SegmentMemo } from './segment-memo.ts';
