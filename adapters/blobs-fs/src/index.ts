export type { FsBlobsOptions } from './fs-blobs.ts';
export { FsBlobs } from './fs-blobs.ts';
