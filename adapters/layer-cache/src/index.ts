export { forgetUnused } from './forget-unused.ts';
export type { LayerFilesOptions } from './layer-files.ts';
export { LayerFiles } from './layer-files.ts';
export { SegmentFiles } from './segment-files.ts';
export { SegmentThreads } from './segment-threads.ts';
export { ThreadSums } from './thread-sums.ts';
