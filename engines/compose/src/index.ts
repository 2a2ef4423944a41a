export type { ComposeRequest } from './compose-image.ts';
export { composeImage } from './compose-image.ts';
export type { ComposerPorts } from './composer.ts';
export { Composer } from './composer.ts';
export type { ComposedResult, ComposedSbomFormat, Composition } from './composition.ts';
export type { PackageSetInput, PackageSetPorts, SetPackage } from './package-set.ts';
export { PackageSet } from './package-set.ts';
export { recordedLayers } from './recorded-layers.ts';
export { SegmentMemo } from './segment-memo.ts';
