export type { FsBlobsOptions, TakeOptions } from './fs-blobs.ts';
export { FsBlobs } from './fs-blobs.ts';
export type { PackedBlobsOptions } from './packed-blobs.ts';
export { PackedBlobs } from './packed-blobs.ts';
export { ScratchBlobs } from './scratch-blobs.ts';
